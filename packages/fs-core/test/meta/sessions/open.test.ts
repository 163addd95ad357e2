import { expect, it } from "vitest";
import { type InodeId, newRandomId, type RequestId, ROOT_INODE, type SessionId } from "../../../src/ids.ts";
import { batchStat } from "../../../src/meta/ops/batch-stat.ts";
import { create } from "../../../src/meta/ops/create.ts";
import { mkdirs } from "../../../src/meta/ops/mkdirs.ts";
import { type SetattrQuestion, setattr } from "../../../src/meta/ops/setattr.ts";
import { stat } from "../../../src/meta/ops/stat.ts";
import { symlink } from "../../../src/meta/ops/symlink.ts";
import { unlink } from "../../../src/meta/ops/unlink.ts";
import { writeFile } from "../../../src/meta/ops/write-file.ts";
import { close } from "../../../src/meta/sessions/close.ts";
import { dataOf } from "../../../src/meta/sessions/lengths.ts";
import { openToRead } from "../../../src/meta/sessions/open-to-read.ts";
import { openToWrite } from "../../../src/meta/sessions/open-to-write.ts";
import { sessionsOf } from "../../../src/meta/sessions/session-row.ts";
import { sync } from "../../../src/meta/sessions/sync.ts";
import { asFile, codeOf, metaWorld, placeOf, TestClient } from "../world.ts";

const BYTES = new TextEncoder().encode("some bytes");

async function setUp() {
  const world = await metaWorld();
  return { world, root: new TestClient(world), user: new TestClient(world, { uid: 7, gid: 7 }) };
}

it("makes a file, and grants storage access to its data", async () => {
  const { world, root } = await setUp();
  const { inode, created, capability, session } = await root.open("a");
  expect(created).toBe(true);
  expect(
    world.capabilities.verify(capability, { inode: inode.id, dataVersion: 1, right: "write" }),
  ).toMatchObject({ session, client: root.id, read: true });
});

it("answers a copy of the question like the question", async () => {
  const { world, root } = await setUp();
  const question = {
    request: newRandomId<RequestId>(world.random),
    session: newRandomId<SessionId>(world.random),
    target: { kind: "place", place: placeOf("a"), noFollow: false } as const,
    read: false,
    append: false,
    truncate: false,
    create: { mode: 0o600, exclusive: true },
  };
  const first = await root.ask(openToWrite, question);
  expect(await root.ask(openToWrite, question)).toEqual(first);
  const other = { ...question, request: newRandomId<RequestId>(world.random) };
  expect(await codeOf(root.ask(openToWrite, other))).toBe("EEXIST");
});

it("tells the length of a file that others are writing", async () => {
  const { world, root } = await setUp();
  const { file, session } = await root.open("a");
  await world.chunks.write(dataOf(file), session, { offset: 100n, bytes: BYTES });
  const { inode } = await root.ask(stat, { inode: file.id });
  expect(asFile(inode).length).toBe(110n);
  const { inodes } = await root.ask(batchStat, { inodes: [file.id, file.id] });
  expect(inodes.map((each) => each && asFile(each).length)).toEqual([110n, 110n]);
});

it("keeps the length that a close tells", async () => {
  const { world, root } = await setUp();
  const { file, session } = await root.open("a");
  await world.chunks.write(dataOf(file), session, { offset: 0n, bytes: BYTES });
  const hint = { length: 10n, truncateVersion: 0 };
  const told = await root.ask(close, { inode: file.id, session, wrote: true, hint });
  expect(asFile(told.inode)).toMatchObject({ length: 10n, written: false });
});

it("asks storage where a client does not know how far it wrote", async () => {
  const { world, root } = await setUp();
  const { file, session } = await root.open("a");
  await world.chunks.write(dataOf(file), session, { offset: 0n, bytes: BYTES });
  const told = await root.ask(sync, { inode: file.id, session, wrote: true, hint: undefined });
  expect(asFile(told.inode).length).toBe(10n);
});

it("does not believe a hint from before a truncation", async () => {
  const { root } = await setUp();
  const { file, session } = await root.open("a");
  const stale = { length: 10n, truncateVersion: 7 };
  const told = await root.ask(close, { inode: file.id, session, wrote: true, hint: stale });
  expect(asFile(told.inode).length).toBe(0n);
});

it("is written for as long as one session is open", async () => {
  const { root } = await setUp();
  const [a, b] = [await root.open("a"), await root.open("a")];
  const end = { wrote: false, hint: undefined };
  const first = await root.ask(close, { inode: a.file.id, session: a.session, ...end });
  expect(asFile(first.inode).written).toBe(true);
  const second = await root.ask(close, { inode: a.file.id, session: b.session, ...end });
  expect(asFile(second.inode).written).toBe(false);
  expect(await codeOf(root.ask(close, { inode: a.file.id, session: b.session, ...end }))).toBe("ESTALE");
});

it("moves a small file to chunks when it is opened to be written", async () => {
  const { world, root } = await setUp();
  await root.ask(writeFile, { place: placeOf("a"), mode: 0o644, exclusive: true, bytes: BYTES });
  const { file } = await root.open("a");
  expect(file).toMatchObject({ inline: false, length: 10n, dataVersion: 2, written: true });
  expect(await world.chunks.read(dataOf(file), { offset: 0n, count: 10 })).toEqual(BYTES);
});

it("gives all of a small file to who opens it to read", async () => {
  const { world, root } = await setUp();
  await root.ask(writeFile, { place: placeOf("a"), mode: 0o644, exclusive: true, bytes: BYTES });
  const answer = await root.ask(openToRead, {
    client: root.id,
    session: newRandomId<SessionId>(world.random),
    target: { kind: "place", place: placeOf("a"), noFollow: false },
    directory: false,
  });
  expect(answer.content).toEqual(BYTES);
});

it("gives a truncated file other data when nobody else writes it", async () => {
  const { world, root } = await setUp();
  const { file, session } = await root.open("a");
  await world.chunks.write(dataOf(file), session, { offset: 0n, bytes: BYTES });
  await root.ask(close, { inode: file.id, session, wrote: true, hint: undefined });
  const again = await root.open("a", { truncate: true });
  expect(again.file).toMatchObject({ length: 0n, dataVersion: 2, truncateVersion: 1, truncating: false });
});

it("cuts the data of a file that others write", async () => {
  const { world, root } = await setUp();
  const first = await root.open("a");
  await world.chunks.write(dataOf(first.file), first.session, { offset: 0n, bytes: BYTES });
  const second = await root.open("a", { truncate: true });
  expect(second.file).toMatchObject({ dataVersion: 1, truncateVersion: 1 });
  const { inode } = await root.ask(stat, { inode: first.file.id });
  expect(asFile(inode)).toMatchObject({ length: 0n, truncating: false });
  expect(world.chunks.state.chunkCount).toBe(0);
});

it("refuses who may not write, and lets the maker write what is made read-only", async () => {
  const { root, user } = await setUp();
  await root.open("a");
  expect(await codeOf(user.open("a"))).toBe("EACCES");
  await root.ask(setattr, attributes((await root.open("a")).file.id, 0o666));
  expect(await codeOf(user.open("a"))).toBeUndefined();
  const made = await root.open("b", { create: { mode: 0o444, exclusive: true } });
  expect(made.created).toBe(true);
});

it("takes the owner's rights from a program that another opens to write", async () => {
  const { root, user } = await setUp();
  const { file } = await root.open("a");
  await root.ask(setattr, attributes(file.id, 0o6777));
  expect((await user.open("a")).file.mode).toBe(0o777);
});

it("says what cannot be opened so", async () => {
  const { world, root } = await setUp();
  await root.ask(mkdirs, { directory: ROOT_INODE, path: "d", mode: 0o755, parents: false });
  await root.ask(symlink, { place: placeOf("l"), target: "nowhere" });
  const fifo = { place: placeOf("f"), kind: "fifo", mode: 0o666, rdev: 0, exclusive: true } as const;
  await root.ask(create, fifo);
  const none = { create: undefined };
  expect(await codeOf(root.open("d", none))).toBe("EISDIR");
  expect(await codeOf(root.open("f", none))).toBe("ENXIO");
  expect(await codeOf(root.open("x", none))).toBe("ENOENT");
  expect(await codeOf(root.open("l", none))).toBe("ENOENT");
  expect(await codeOf(root.open("l", { create: { mode: 0o600, exclusive: true } }))).toBe("EEXIST");
  expect((await root.open("l")).created).toBe(true);
  const read = {
    client: root.id,
    session: newRandomId<SessionId>(world.random),
    target: { kind: "place", place: placeOf("l"), noFollow: true } as const,
    directory: false,
  };
  expect(await codeOf(root.ask(openToRead, read))).toBe("ELOOP");
  const directory = { ...read, target: { ...read.target, noFollow: false }, directory: true };
  expect(await codeOf(root.ask(openToRead, directory))).toBe("ENOTDIR");
});

it("keeps a file without a name for as long as it is open", async () => {
  const { world, root } = await setUp();
  const { file, session } = await root.open("a");
  await root.ask(unlink, { place: placeOf("a") });
  const { inode } = await root.ask(stat, { inode: file.id });
  expect(inode.nlink).toBe(0);
  const sessions = await world.run(
    world.metastore.transact((transaction) => sessionsOf(transaction, file.id, 10)),
  );
  expect(sessions.map((each) => each.session)).toEqual([session]);
});

function attributes(inode: InodeId, mode: number): Pick<SetattrQuestion, "inode" | "changes"> {
  const none = { uid: undefined, gid: undefined, atime: undefined, mtime: undefined };
  return { inode, changes: { mode, ...none, flags: undefined, quota: undefined } };
}
