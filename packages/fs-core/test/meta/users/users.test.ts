import { expect, it } from "vitest";
import { create } from "../../../src/meta/ops/create.ts";
import { setattr } from "../../../src/meta/ops/setattr.ts";
import { addToken } from "../../../src/meta/users/add-token.ts";
import { getQuota } from "../../../src/meta/users/get-quota.ts";
import { listUsers } from "../../../src/meta/users/list-users.ts";
import { removeUser } from "../../../src/meta/users/remove-user.ts";
import { revokeToken } from "../../../src/meta/users/revoke-token.ts";
import { setQuota } from "../../../src/meta/users/set-quota.ts";
import { setUser } from "../../../src/meta/users/set-user.ts";
import { TokenAuthenticator } from "../../../src/meta/users/token-authenticator.ts";
import { NodeCrypto } from "../../../src/platform/node-crypto.ts";
import { formatToken, newToken, tokenHash } from "../../../src/wire/rpc/token.ts";
import { codeOf, metaWorld, placeOf, TestClient } from "../world.ts";

const ANNA = { uid: 7, name: "anna", gid: 70, groups: [71, 72], admin: false };

async function setUp() {
  const world = await metaWorld();
  const root = new TestClient(world);
  const anna = new TestClient(world, { uid: 7, gid: 70 });
  const crypto = new NodeCrypto();
  const authenticator = new TokenAuthenticator({ metastore: world.metastore, crypto, clock: world.clock });
  const identify = (text: string) => world.run(authenticator.user(text));
  const give = async (tokenId: bigint, expiresMs?: number, client = root, uid = 7): Promise<string> => {
    const token = newToken(world.random, { uid, tokenId });
    const hash = tokenHash(crypto, token);
    await client.ask(addToken, { uid, tokenId, hash, label: `token ${tokenId}`, expiresMs });
    return formatToken(token);
  };
  await root.ask(setUser, { user: ANNA });
  return { world, root, anna, identify, give };
}

it("knows a user by a token", async () => {
  const { identify, give } = await setUp();
  const { name: _, ...identity } = ANNA;
  expect(await identify(await give(1n))).toEqual(identity);
});

it("refuses tokens that nobody has, that are no tokens, and those of users that are gone", async () => {
  const { world, root, identify, give } = await setUp();
  const forged = formatToken(newToken(world.random, { uid: 7, tokenId: 1n }));
  expect(await codeOf(identify(forged))).toBe("TOKEN_INVALID");
  expect(await codeOf(identify("3fs-token-nonsense"))).toBe("TOKEN_INVALID");
  const token = await give(1n);
  await root.ask(removeUser, { uid: 7 });
  expect(await codeOf(identify(token))).toBe("TOKEN_INVALID");
  await root.ask(setUser, { user: ANNA });
  expect(await codeOf(identify(token))).toBe("TOKEN_INVALID");
});

it("refuses a token that has expired or was revoked", async () => {
  const { world, root, identify, give } = await setUp();
  const short = await give(1n, world.clock.wallMs() + 1000);
  const long = await give(2n);
  expect((await identify(short)).uid).toBe(7);
  await world.clock.advance(1000);
  expect(await codeOf(identify(short))).toBe("TOKEN_EXPIRED");
  await root.ask(revokeToken, { uid: 7, tokenId: 2n });
  expect(await codeOf(identify(long))).toBe("TOKEN_INVALID");
  expect(await codeOf(root.ask(revokeToken, { uid: 7, tokenId: 2n }))).toBe("ENOENT");
});

it("gives one token without end and five that expire, not counting those that have", async () => {
  const { world, give, anna } = await setUp();
  const soon = (): number => world.clock.wallMs() + 10_000;
  await give(0n, undefined, anna);
  expect(await codeOf(give(1n, undefined, anna))).toBe("EEXIST");
  for (let id = 2n; id < 7n; id++) await give(id, soon(), anna);
  expect(await codeOf(give(7n, soon(), anna))).toBe("EDQUOT");
  await world.clock.advance(10_000);
  await give(8n, soon(), anna);
  expect(await codeOf(give(8n, soon(), anna))).toBe("EEXIST");
});

it("lets users change their own tokens, and administrators everybody's", async () => {
  const { world, anna, give } = await setUp();
  const other = new TestClient(world, { uid: 8 });
  expect(await codeOf(give(1n, undefined, other))).toBe("EPERM");
  expect(await codeOf(anna.ask(setUser, { user: { ...ANNA, admin: true } }))).toBe("EPERM");
  expect(await codeOf(anna.ask(listUsers, { after: undefined }))).toBe("EPERM");
  expect(await codeOf(anna.ask(removeUser, { uid: 7 }))).toBe("EPERM");
  await give(1n, undefined, anna);
});

it("lists users and what is known of their tokens", async () => {
  const { root, give } = await setUp();
  await give(1n);
  for (let uid = 100; uid < 205; uid++) {
    await root.ask(setUser, { user: { ...ANNA, uid, name: `u${uid}` } });
  }
  const first = await root.ask(listUsers, { after: undefined });
  expect(first.users[0]).toMatchObject({ user: ANNA, tokens: [{ tokenId: 1n, label: "token 1" }] });
  expect(first.more).toBe(true);
  const rest = await root.ask(listUsers, { after: first.users.at(-1)!.user.uid });
  expect(rest.users.length + first.users.length).toBe(106);
});

it("keeps a quota's limits and tells its usage", async () => {
  const { root, anna } = await setUp();
  await root.ask(setQuota, { quota: 5, limits: { bytesMax: 1000n, inodesMax: 1n } });
  expect(await codeOf(anna.ask(setQuota, { quota: 5, limits: undefined }))).toBe("EPERM");
  expect(await codeOf(root.ask(setQuota, { quota: 0, limits: undefined }))).toBe("EINVAL");
  const none = { mode: undefined, uid: undefined, gid: undefined, atime: undefined, mtime: undefined };
  const file = { kind: "file", mode: 0o644, rdev: 0, exclusive: true } as const;
  const { inode } = await root.ask(create, { place: placeOf("a"), ...file });
  await root.ask(setattr, { inode: inode.id, changes: { ...none, flags: undefined, quota: 5 } });
  expect(await root.ask(getQuota, { quota: 5 })).toEqual({
    limits: { bytesMax: 1000n, inodesMax: 1n },
    bytes: 0n,
    inodes: 1n,
  });
});
