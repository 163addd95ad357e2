import { expect, it } from "vitest";
import { type ClientId, type InodeId, newRandomId, type RequestId, ROOT_INODE } from "../../../src/ids.ts";
import type { Finding } from "../../../src/meta/fsck/finding.ts";
import { check, checkLive } from "../../../src/meta/fsck/fsck.ts";
import { repair } from "../../../src/meta/fsck/repair.ts";
import { liveSource } from "../../../src/meta/fsck/source.ts";
import { readInodeRow } from "../../../src/meta/inodes/reads.ts";
import { putInode } from "../../../src/meta/inodes/writes.ts";
import { LOCK_END, lockTableRow } from "../../../src/meta/locks/lock.ts";
import { setLock } from "../../../src/meta/locks/set-lock.ts";
import type { Inode } from "../../../src/meta/model/inode.ts";
import { create } from "../../../src/meta/ops/create.ts";
import { link } from "../../../src/meta/ops/link.ts";
import { mkdirs } from "../../../src/meta/ops/mkdirs.ts";
import { removeTree } from "../../../src/meta/ops/remove-tree.ts";
import { setattr } from "../../../src/meta/ops/setattr.ts";
import { unlink } from "../../../src/meta/ops/unlink.ts";
import { writeFile } from "../../../src/meta/ops/write-file.ts";
import { putGarbage } from "../../../src/meta/rows/garbage-row.ts";
import { counterRow, entryRow } from "../../../src/meta/rows/inode-row.ts";
import {
  clientLocksKey,
  clientSessionKey,
  directoryLinksKey,
  entryKey,
  inlineKey,
  inodeKey,
  locksKey,
  quotaBytesKey,
  sessionKey,
  tokenKey,
  xattrKey,
} from "../../../src/meta/rows/keys.ts";
import { addToken } from "../../../src/meta/users/add-token.ts";
import { setUser } from "../../../src/meta/users/set-user.ts";
import { key, u64Key } from "../../../src/metastore/keys.ts";
import type { Transaction } from "../../../src/metastore/transaction.ts";
import { encode } from "../../../src/wire/codec/index.ts";
import { metaWorld, placeOf, TestClient } from "../world.ts";

/** A little of everything, all of it as it must be. */
async function setUp() {
  const world = await metaWorld();
  const client = new TestClient(world);
  const file = { kind: "file", mode: 0o644, rdev: 0, exclusive: true } as const;
  await client.ask(mkdirs, { directory: ROOT_INODE, path: "d/e/f", mode: 0o755, parents: true });
  const { inode: plain } = await client.ask(create, { place: placeOf("plain"), ...file });
  await client.ask(link, { inode: plain.id, place: { directory: ROOT_INODE, under: "d", name: "twin" } });
  const none = { mode: undefined, uid: undefined, gid: undefined, atime: undefined, mtime: undefined };
  await client.ask(setattr, { inode: plain.id, changes: { ...none, flags: undefined, quota: 5 } });
  const bytes = new TextEncoder().encode("small");
  const { inode: small } = await client.ask(writeFile, {
    place: placeOf("small"),
    mode: 0o644,
    exclusive: true,
    bytes,
  });
  const open = await client.open("open");
  const gone = await client.open("gone");
  await client.ask(unlink, { place: placeOf("gone") });
  await client.ask(create, { place: placeOf("waits"), ...file });
  await client.ask(unlink, { place: placeOf("waits") });
  await client.ask(mkdirs, { directory: ROOT_INODE, path: "old/tree", mode: 0o755, parents: true });
  await client.ask(removeTree, { place: placeOf("old") });
  const owner = { client: client.id, flavour: "posix", id: 1n } as const;
  const lock = { owner, mode: "exclusive", begin: 0n, end: LOCK_END, pid: 1 } as const;
  const ticket = newRandomId<RequestId>(world.random);
  await client.ask(setLock, { inode: plain.id, lock, wait: false, ticket });
  await client.ask(setUser, { user: { uid: 7, name: "anna", gid: 7, groups: [], admin: false } });
  const hash = new Uint8Array(32).fill(7);
  await client.ask(addToken, { uid: 7, tokenId: 1n, hash, label: "", expiresMs: undefined });
  const look = () => world.run(check(liveSource(world.metastore)));
  const damage = (work: (transaction: Transaction) => Promise<void> | void) =>
    world.run(world.metastore.transact(async (transaction) => work(transaction)));
  const idAt = async (...path: readonly string[]): Promise<InodeId> => {
    const { inode } = await client.ask(mkdirs, {
      directory: ROOT_INODE,
      path: path.join("/"),
      mode: 0o755,
      parents: true,
    });
    return inode.id;
  };
  const [d, e] = [await idAt("d"), await idAt("d", "e")];
  return { world, client, look, damage, plain, small, open, gone, d, e, hash, lock };
}

type World = Awaited<ReturnType<typeof setUp>>;

const STRANGER = "e".repeat(32) as ClientId;
const NOBODY = 999_999n as InodeId;

it("finds nothing wrong where nothing is", async () => {
  const { look } = await setUp();
  const report = await look();
  expect(report.findings).toEqual([]);
  // The root; d, e, f; plain, small, open; gone and waits, without names; old and tree, removed.
  expect(report.inodes).toBe(11);
  expect(report.entries).toBe(8);
});

interface Damage {
  readonly code: Finding["code"];
  readonly damage: (world: World, transaction: Transaction) => Promise<void> | void;
  readonly repairs: boolean;
}

async function change(
  transaction: Transaction,
  id: InodeId,
  changes: (inode: Inode) => Partial<Inode>,
): Promise<void> {
  const inode = await readInodeRow(transaction, id);
  putInode(transaction, { ...inode, ...changes(inode!) } as Inode);
}

const DAMAGES: readonly Damage[] = [
  {
    code: "ENTRY_WITHOUT_INODE",
    damage: ({ d }, t) => t.set(entryKey(d, "x"), encode(entryRow, { inode: NOBODY, kind: "file" })),
    repairs: true,
  },
  {
    code: "ENTRY_WITHOUT_DIRECTORY",
    damage: ({ plain }, t) => {
      t.set(entryKey(NOBODY, "x"), encode(entryRow, { inode: plain.id, kind: "file" }));
      return change(t, plain.id, ({ nlink }) => ({ nlink: nlink + 1 }));
    },
    repairs: false,
  },
  {
    code: "ENTRY_OF_OTHER_KIND",
    damage: ({ plain }, t) =>
      t.set(entryKey(ROOT_INODE, "plain"), encode(entryRow, { inode: plain.id, kind: "fifo" })),
    repairs: false,
  },
  {
    code: "LINKS_WRONG",
    damage: ({ plain }, t) => change(t, plain.id, () => ({ nlink: 3 })),
    repairs: false,
  },
  { code: "LINKS_WRONG", damage: (_, t) => t.clear(entryKey(ROOT_INODE, "plain")), repairs: false },
  {
    code: "DIRECTORY_WITHOUT_NAME",
    damage: ({ d }, t) => {
      t.clear(entryKey(d, "e"));
      t.add(directoryLinksKey(d), -1n);
    },
    repairs: false,
  },
  {
    code: "DIRECTORY_WITH_NAMES",
    damage: ({ e, d }, t) => {
      t.set(entryKey(d, "again"), encode(entryRow, { inode: e, kind: "directory" }));
      t.add(directoryLinksKey(d), 1n);
    },
    repairs: false,
  },
  {
    code: "DIRECTORY_ELSEWHERE",
    damage: ({ e }, t) => change(t, e, () => ({ parent: ROOT_INODE })),
    repairs: false,
  },
  {
    code: "DIRECTORY_LOOP",
    damage: async ({ d, e }, t) => {
      t.clear(entryKey(ROOT_INODE, "d"));
      t.add(directoryLinksKey(ROOT_INODE), -1n);
      t.set(entryKey(e, "d"), encode(entryRow, { inode: d, kind: "directory" }));
      t.add(directoryLinksKey(e), 1n);
      await change(t, d, () => ({ parent: e }));
    },
    repairs: false,
  },
  { code: "DIRECTORY_LINKS_WRONG", damage: ({ d }, t) => t.add(directoryLinksKey(d), 2n), repairs: true },
  { code: "QUOTA_WRONG", damage: (_, t) => t.add(quotaBytesKey(5), 77n), repairs: true },
  { code: "QUOTA_WRONG", damage: (_, t) => t.set(quotaBytesKey(6), encode(counterRow, 1n)), repairs: true },
  { code: "ROW_WITHOUT_INODE", damage: (_, t) => t.set(xattrKey(NOBODY, "user.x"), key("y")), repairs: true },
  { code: "CONTENT_MISSING", damage: ({ small }, t) => t.clear(inlineKey(small.id)), repairs: false },
  {
    code: "CONTENT_LENGTH_WRONG",
    damage: ({ small }, t) => t.set(inlineKey(small.id), key("x")),
    repairs: false,
  },
  { code: "CONTENT_UNUSED", damage: ({ plain }, t) => t.set(inlineKey(plain.id), key("x")), repairs: false },
  {
    code: "CONTENT_OPEN",
    damage: ({ open }, t) => {
      t.set(inlineKey(open.inode.id), key(""));
      return change(t, open.inode.id, () => ({ inline: true }) as Partial<Inode>);
    },
    repairs: false,
  },
  {
    code: "SESSION_WITHOUT_CLIENT",
    damage: ({ client, open }, t) => t.clear(clientSessionKey(client.id, open.inode.id, open.session)),
    repairs: true,
  },
  {
    code: "CLIENT_WITHOUT_SESSION",
    damage: ({ open }, t) => t.set(clientSessionKey(STRANGER, NOBODY, open.session), key("")),
    repairs: true,
  },
  {
    code: "WRITTEN_WITHOUT_SESSION",
    damage: ({ client, open }, t) => {
      t.clear(sessionKey(open.inode.id, open.session));
      t.clear(clientSessionKey(client.id, open.inode.id, open.session));
    },
    repairs: false,
  },
  {
    code: "SESSION_WITHOUT_MARK",
    damage: ({ open }, t) => change(t, open.inode.id, () => ({ written: false }) as Partial<Inode>),
    repairs: false,
  },
  {
    code: "LOCK_WITHOUT_CLIENT",
    damage: ({ client, plain }, t) => t.clear(clientLocksKey(client.id, plain.id)),
    repairs: true,
  },
  {
    code: "CLIENT_WITHOUT_LOCK",
    damage: ({ plain }, t) => t.set(clientLocksKey(STRANGER, plain.id), key("")),
    repairs: true,
  },
  {
    code: "LOCKS_CONFLICT",
    damage: ({ plain, lock }, t) => {
      const other = { ...lock, owner: { ...lock.owner, id: 2n } };
      t.set(locksKey(plain.id), encode(lockTableRow, { held: [lock, other], waiting: [] }));
    },
    repairs: false,
  },
  {
    code: "GARBAGE_IS_LIVE",
    damage: ({ plain }, t) => {
      if (plain.kind !== "file") return;
      const garbage = { kind: "data", layout: plain.layout, writer: undefined } as const;
      putGarbage(t, { inode: plain.id, dataVersion: plain.dataVersion, dueMs: 0, garbage });
    },
    repairs: true,
  },
  { code: "USER_WITHOUT_TOKEN", damage: ({ hash }, t) => t.clear(tokenKey(hash)), repairs: false },
  {
    code: "TOKEN_WITHOUT_USER",
    damage: (_, t) => t.clear(key("USER", Uint8Array.of(0, 0, 0, 7))),
    repairs: true,
  },
  { code: "ROW_UNREADABLE", damage: (_, t) => t.set(key("INOD", u64Key(NOBODY)), key("?")), repairs: false },
];

it.each(DAMAGES)("finds $code", async ({ code, damage, repairs }) => {
  const world = await setUp();
  await world.damage((transaction) => damage(world, transaction));
  const { findings } = await world.look();
  expect([...new Set(findings.map((finding) => finding.code))]).toEqual([code]);
  const outcomes = [];
  for (const finding of findings)
    outcomes.push(await world.world.run(repair(world.world.metastore, finding)));
  if (!repairs) return;
  expect(outcomes).toEqual(findings.map(() => "repaired"));
  expect((await world.look()).findings).toEqual([]);
});

it("finds a store without a root, and one in which files without names are forgotten", async () => {
  const world = await setUp();
  await world.damage((transaction) => transaction.clear(inodeKey(ROOT_INODE)));
  const { findings } = await world.look();
  expect(findings.map(({ code }) => code)).toContain("ROOT_MISSING");
  await world.damage((transaction) => transaction.clearRange({ begin: key("GARB"), end: key("GARC") }));
  const codes = (await world.look()).findings.map(({ code }) => code);
  expect(codes).toContain("FILE_NOT_COLLECTED");
  expect(codes).toContain("TREE_NOT_COLLECTED");
});

it("repairs nothing that has changed since it was found", async () => {
  const world = await setUp();
  await world.damage((transaction) => transaction.add(quotaBytesKey(5), 77n));
  const [finding] = (await world.look()).findings;
  await world.damage((transaction) => transaction.add(quotaBytesKey(5), 1n));
  expect(await world.world.run(repair(world.world.metastore, finding!))).toBe("changed");
});

it("reports of a cluster at work only what stays wrong", async () => {
  const world = await setUp();
  const { metastore, clock } = world.world;
  await world.damage((transaction) => {
    transaction.add(quotaBytesKey(5), 77n);
    transaction.add(directoryLinksKey(world.d), 1n);
  });
  const looking = checkLive({ metastore, clock });
  await world.damage((transaction) => transaction.add(directoryLinksKey(world.d), -1n));
  const report = await world.world.run(looking);
  expect(report.findings.map(({ code }) => code)).toEqual(["QUOTA_WRONG"]);
});
