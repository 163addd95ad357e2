/** Users, tokens, quotas, the trash and the check, over sockets: as root, as an administrator, and as a user with a token. */
import { isPondError } from "@smallpond/base";
import { NodeDisk, NodeRandom } from "@smallpond/base/platform/node";
import { checkOverRpc, formatToken, META, newToken, ROOT_INODE, tokenHash } from "@smallpond/fs-core";
import { connectMeta, NodeCrypto, type ServedMind, serveMind } from "@smallpond/fs-core/platform";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectTestClient, type TestClient } from "./client.ts";
import { TEST_CLUSTER, testMind } from "./settings.ts";

const ANNA = { uid: 7, name: "anna", gid: 7, groups: [], admin: false } as const;
const BERT = { uid: 8, name: "bert", gid: 8, groups: [], admin: false } as const;
const CHIEF = { uid: 9, name: "chief", gid: 9, groups: [], admin: true } as const;
const root = { directory: ROOT_INODE } as const;

let directory: Awaited<ReturnType<NodeDisk["tempDirectory"]>>;
let served: ServedMind;
let member: TestClient;
const users: TestClient[] = [];

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "ok";
  } catch (error) {
    if (!isPondError(error)) throw error;
    return error.code;
  }
}

function makeToken(uid: number, tokenId: bigint) {
  const token = newToken(new NodeRandom(), { uid, tokenId });
  const hash = tokenHash(new NodeCrypto(), token);
  return { text: formatToken(token), question: { uid, tokenId, hash, label: "", expiresMs: undefined } };
}

function connectAs(token: string): TestClient {
  const credentials = { kind: "user", clusterId: TEST_CLUSTER, token } as const;
  const client = connectMeta({ addresses: [served.node.address], credentials, timeoutMs: 3000 });
  users.push(client);
  return client;
}

async function userClient(uid: number): Promise<TestClient> {
  const { text, question } = makeToken(uid, 1n);
  await member.meta.change(META.addToken, question);
  return connectAs(text);
}

async function checked({ meta }: TestClient): Promise<void> {
  for await (const _ of checkOverRpc(meta, { looks: 1 }));
}

beforeAll(async () => {
  directory = await new NodeDisk().tempDirectory();
  served = await serveMind(testMind({ directory: directory.path, nodes: 1 }, 1), { writeLog: () => {} });
  await served.node.ready;
  member = connectTestClient([served.node.address]);
  for (const user of [ANNA, BERT, CHIEF]) await member.meta.change(META.setUser, { user });
});
afterAll(async () => {
  for (const each of [...users, member]) await each.close();
  await served.close();
  await directory[Symbol.asyncDispose]();
});

describe("what only root and administrators may ask", () => {
  test("is refused to a user with EPERM, and changes nothing", async () => {
    const { meta } = await userClient(ANNA.uid);
    const before = await member.meta.ask(META.listUsers, { after: undefined });
    const asked = [
      meta.change(META.setUser, { user: { ...ANNA, admin: true } }),
      meta.change(META.removeUser, { uid: BERT.uid }),
      meta.ask(META.listUsers, { after: undefined }),
      meta.change(META.addToken, makeToken(BERT.uid, 3n).question),
      meta.change(META.revokeToken, { uid: CHIEF.uid, tokenId: 1n }),
      meta.change(META.setQuota, { quota: 5, limits: { bytesMax: 1n, inodesMax: 1n } }),
      checked({ meta } as TestClient),
    ];
    expect(await Promise.all(asked.map(codeOf))).toEqual(asked.map(() => "EPERM"));
    expect(await member.meta.ask(META.listUsers, { after: undefined })).toEqual(before);
    expect((await meta.ask(META.getQuota, { quota: 5 })).limits).toBe(undefined);
  });

  test("is answered to an administrator", async () => {
    const chief = await userClient(CHIEF.uid);
    const { meta } = chief;
    const dora = { uid: 10, name: "dora", gid: 10, groups: [], admin: false };
    await meta.change(META.setUser, { user: dora });
    expect((await meta.ask(META.listUsers, { after: 9 })).users).toEqual([{ user: dora, tokens: [] }]);
    await meta.change(META.removeUser, { uid: 10 });
    expect((await meta.ask(META.listUsers, { after: 9 })).users).toEqual([]);
    const limits = { bytesMax: 1000n, inodesMax: 10n };
    await meta.change(META.setQuota, { quota: 6, limits });
    expect(await meta.ask(META.getQuota, { quota: 6 })).toEqual({ limits, bytes: 0n, inodes: 0n });
    expect(await codeOf(checked(chief))).toBe("ok");
  });
});

test("users have their own tokens made and taken away, and a token that was taken away opens nothing", async () => {
  const { text, question } = makeToken(BERT.uid, 1n);
  await member.meta.change(META.addToken, question);
  const { meta } = connectAs(text);
  const soon = { ...makeToken(BERT.uid, 2n), expiresMs: Date.now() + 60_000 };
  await meta.change(META.addToken, { ...soon.question, expiresMs: soon.expiresMs });
  const second = connectAs(soon.text);
  expect(await codeOf(second.meta.ask(META.stat, { inode: ROOT_INODE }))).toBe("ok");
  await second.meta.change(META.revokeToken, { uid: BERT.uid, tokenId: 2n });
  const late = connectAs(soon.text);
  expect(await codeOf(late.meta.ask(META.stat, { inode: ROOT_INODE }))).toBe("TOKEN_INVALID");
});

test("what a user throws away is that user's to look at and to take back", async () => {
  const anna = connectAs((await withToken(ANNA.uid)).text);
  const bert = connectAs((await withToken(BERT.uid)).text);
  const home = { ...root, path: "home", mode: 0o777, parents: false };
  await member.meta.change(META.mkdirs, home);
  const place = { ...root, under: "home", name: "f" };
  const file = { kind: "file", mode: 0o600, rdev: 0, exclusive: true } as const;
  await anna.meta.change(META.create, { place, ...file });
  expect(await codeOf(bert.meta.change(META.moveToTrash, { place, keepMs: 10 }))).toBe("EINVAL");
  const trashed = await anna.meta.change(META.moveToTrash, { place, keepMs: 60_000 });
  const list = { directory: trashed.directory, after: undefined, limit: 10, attributes: false };
  const { entries } = await anna.meta.ask(META.readdir, list);
  expect(entries.map(({ name }) => name)).toEqual([trashed.name]);
  expect(await codeOf(bert.meta.ask(META.readdir, list))).toBe("EACCES");
  const from = { directory: trashed.directory, under: "", name: trashed.name };
  const back = { from, to: place, mode: "noreplace" } as const;
  expect(await codeOf(bert.meta.change(META.rename, back))).toBe("EACCES");
  await anna.meta.change(META.rename, back);
  expect(await codeOf(anna.meta.ask(META.statPath, { ...root, path: "home/f", follow: true }))).toBe("ok");
});

/** One more that expires, for a user that may have one that does not. */
async function withToken(uid: number) {
  const made = makeToken(uid, 100n);
  await member.meta.change(META.addToken, { ...made.question, expiresMs: Date.now() + 60_000 });
  return made;
}
