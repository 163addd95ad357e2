import { type NetAddress, NO_PROBES, SeededRandom } from "@smallpond/base";
import { NodeClock } from "@smallpond/base/platform/node";
import { MemoryNet } from "@smallpond/base/testing";
import { describe, expect, test } from "vitest";
import type { NodeId } from "../../../src/ids.ts";
import { TEST_AUTHENTICATOR, TEST_MEMBER, testClients, testServer } from "../../../src/testing/rpc.ts";
import { encode, struct, text } from "../../../src/wire/codec/index.ts";
import {
  type Access,
  type Authenticator,
  type Credentials,
  formatToken,
  method,
  newToken,
  parseToken,
  type RpcServerSettings,
  tokenExpired,
  tokenInvalid,
} from "../../../src/wire/index.ts";
import { helloCodec } from "../../../src/wire/rpc/messages.ts";
import { RawPeer } from "../raw-peer.ts";

function whoami(access: Access, id: number) {
  return method({
    id,
    name: `test.who.${access}`,
    question: struct({}),
    answer: struct({ who: text(200) }),
    access,
    repeatable: true,
  });
}
const MEMBER = whoami("member", 0xf001);
const USER = whoami("user", 0xf002);
const ANYONE = whoami("anyone", 0xf003);

const SECRET = new TextEncoder().encode("another secret of 24 byt");
const GOOD = newToken(new SeededRandom(1), { uid: 1000, tokenId: 1n });
const EXPIRED = newToken(new SeededRandom(2), { uid: 1001, tokenId: 1n });

const AUTHENTICATOR: Authenticator = {
  ...TEST_AUTHENTICATOR,
  kind: "on",
  secret: (TEST_MEMBER as { secret: Uint8Array }).secret,
  user: async (shown) => {
    const { uid } = parseToken(shown);
    if (uid === EXPIRED.uid) throw tokenExpired(uid);
    if (uid !== GOOD.uid) throw tokenInvalid("nobody knows it");
    return { uid, gid: 100, groups: [5], admin: false };
  },
};

async function open(authenticator: Authenticator = AUTHENTICATOR, settings: Partial<RpcServerSettings> = {}) {
  const net = new MemoryNet();
  const deps = { net, clock: new NodeClock(), random: new SeededRandom(1), probes: NO_PROBES };
  const { server } = testServer({ ...deps, authenticator }, settings);
  for (const each of [MEMBER, USER, ANYONE]) {
    server.handle(each, async (_question, { principal }) => {
      if (principal.kind === "member") return { who: `member ${principal.node}` };
      return {
        who: principal.kind === "user" ? `user ${principal.user.uid}/${principal.user.gid}` : "anyone",
      };
    });
  }
  const address = await server.listen({ kind: "tcp", host: "127.0.0.1", port: 0 });
  const callers: { close(): Promise<void> }[] = [];
  return {
    net,
    address,
    as: (credentials: Credentials) => {
      const clients = testClients({ ...deps, random: new SeededRandom(callers.length) }, { credentials });
      callers.push(clients);
      return clients.to(address);
    },
    [Symbol.asyncDispose]: async () => {
      for (const each of callers) await each.close();
      await server.close();
    },
  };
}

const ANY: NetAddress = { kind: "tcp", host: "127.0.0.1", port: 0 };
const AUTH_FAILED = { code: "AUTH_FAILED", kind: "invalid" };
const DENIED = { code: "ACCESS_DENIED", kind: "invalid" };

describe("with authentication", () => {
  test("a member with the secret may call everything, as the node it is", async () => {
    await using world = await open();
    const caller = world.as({ ...TEST_MEMBER, node: 7 as NodeId } as Credentials);
    for (const each of [MEMBER, USER, ANYONE]) {
      expect(await caller.call(each, {})).toEqual({ who: "member 7" });
    }
  });

  test("a user with a token may call what is for users and for anyone", async () => {
    await using world = await open();
    const caller = world.as({ kind: "user", token: formatToken(GOOD) });
    expect(await caller.call(USER, {})).toEqual({ who: "user 1000/100" });
    expect(await caller.call(ANYONE, {})).toEqual({ who: "user 1000/100" });
    await expect(caller.call(MEMBER, {})).rejects.toMatchObject(DENIED);
  });

  test("anyone may call what is for anyone", async () => {
    await using world = await open();
    const caller = world.as({ kind: "anyone" });
    expect(await caller.call(ANYONE, {})).toEqual({ who: "anyone" });
    await expect(caller.call(USER, {})).rejects.toMatchObject(DENIED);
    await expect(caller.call(MEMBER, {})).rejects.toMatchObject(DENIED);
  });

  test.each<readonly [string, Credentials, object]>([
    ["a wrong secret", { kind: "member", clusterId: "test", secret: SECRET }, AUTH_FAILED],
    ["another cluster's id", { ...TEST_MEMBER, clusterId: "prod" } as Credentials, AUTH_FAILED],
    ["another cluster's id, for anyone", { kind: "anyone", clusterId: "prod" }, AUTH_FAILED],
    ["a claim without proof", { kind: "claim", principal: { kind: "member", node: undefined } }, AUTH_FAILED],
    [
      "an expired token",
      { kind: "user", token: formatToken(EXPIRED) },
      { code: "TOKEN_EXPIRED", details: { uid: 1001 } },
    ],
    [
      "a token nobody knows",
      { kind: "user", token: formatToken({ ...GOOD, uid: 5 }) },
      { code: "TOKEN_INVALID" },
    ],
    ["a text that is no token", { kind: "user", token: "let me in" }, { code: "TOKEN_INVALID" }],
  ])("%s is refused, and the caller learns why", async (_, credentials, error) => {
    await using world = await open();
    await expect(world.as(credentials).call(ANYONE, {})).rejects.toMatchObject(error);
    expect(await world.as(TEST_MEMBER).call(MEMBER, {})).toEqual({ who: "member undefined" });
  });

  test("what a member once said is not good again", async () => {
    await using world = await open();
    await using member = await RawPeer.connect(world.net, world.address);
    const said = await member.joins();
    await using thief = await RawPeer.connect(world.net, world.address);
    await thief.send("hello", said[0]!.message);
    expect((await thief.next())?.kind).toBe("challenge");
    await thief.send("proof", said[1]!.message);
    expect(await thief.nextError()).toMatchObject({ on: "refused", code: "AUTH_FAILED" });
    expect(await thief.next()).toBeUndefined();
  });

  test("a service's own proof does not make a member", async () => {
    await using world = await open();
    await using thief = await RawPeer.connect(world.net, world.address);
    const nonce = new Uint8Array(32).fill(1);
    await thief.send(
      "hello",
      encode(helloCodec, { cluster: "test", nonce, claim: { kind: "member", node: undefined } }),
    );
    const challenge = (await thief.next())!.message;
    // The last 32 bytes of a challenge are the service's proof; the tag of a member's proof is 2.
    await thief.send("proof", Uint8Array.of(2, ...challenge.subarray(-32)));
    expect(await thief.nextError()).toMatchObject({ on: "refused", code: "AUTH_FAILED" });
  });

  test("a member does not talk to a service that does not know the secret", async () => {
    await using impostor = await open({ ...AUTHENTICATOR, kind: "on", secret: SECRET } as Authenticator);
    const caller = impostor.as(TEST_MEMBER);
    await expect(caller.call(ANYONE, {})).rejects.toMatchObject({
      code: "AUTH_FAILED",
      message: expect.stringContaining("the service does not know") as string,
    });
    await using careless = await open({ kind: "off", clusterId: "test" });
    await expect(careless.as(TEST_MEMBER).call(ANYONE, {})).rejects.toMatchObject(AUTH_FAILED);
  });

  test("a user's token is looked at again now and then", async () => {
    let looks = 0;
    await using world = await open(
      {
        ...AUTHENTICATOR,
        user: async () => ({ uid: ++looks, gid: 1, groups: [], admin: false }),
      } as Authenticator,
      { userMsMax: 20 },
    );
    const caller = world.as({ kind: "user", token: formatToken(GOOD) });
    while (looks < 3) {
      await caller.call(USER, {});
      await new NodeClock().sleep(1);
    }
  });

  test("a secret that could be guessed is not taken", async () => {
    const deps = {
      net: new MemoryNet(),
      clock: new NodeClock(),
      random: new SeededRandom(1),
      probes: NO_PROBES,
    };
    const authenticator = { ...AUTHENTICATOR, secret: new Uint8Array(15) } as Authenticator;
    expect(() => testServer({ ...deps, authenticator })).toThrow(expect.objectContaining(AUTH_FAILED));
  });
});

describe("without authentication", () => {
  test("everybody is believed, on this machine only", async () => {
    await using world = await open({ kind: "off", clusterId: "test" });
    const caller = world.as({
      kind: "claim",
      clusterId: "test",
      principal: { kind: "member", node: 3 as NodeId },
    });
    expect(await caller.call(MEMBER, {})).toEqual({ who: "member 3" });
    const user = { uid: 5, gid: 6, groups: [], admin: false };
    expect(await world.as({ kind: "claim", principal: { kind: "user", user } }).call(USER, {})).toEqual({
      who: "user 5/6",
    });
  });

  test.each(["0.0.0.0", "10.0.0.1", "::", "example.org"])("a service does not listen on %s", async (host) => {
    const deps = {
      net: new MemoryNet(),
      clock: new NodeClock(),
      random: new SeededRandom(1),
      probes: NO_PROBES,
    };
    const { server } = testServer({ ...deps, authenticator: { kind: "off", clusterId: "test" } });
    await expect(server.listen({ ...ANY, host } as NetAddress)).rejects.toMatchObject(AUTH_FAILED);
    await server.close();
  });
});
