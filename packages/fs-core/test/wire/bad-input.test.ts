import { type NetAddress, NO_PROBES, SeededRandom } from "@smallpond/base";
import { NodeClock, NodeDisk, NodeNet } from "@smallpond/base/platform/node";
import { JAVASCRIPT_CRC32C } from "@smallpond/fs-native";
import { describe, expect, test } from "vitest";
import { testClients, testServer } from "../../src/testing/rpc.ts";
import { encode, struct, text } from "../../src/wire/codec/index.ts";
import { encodeFrame, FRAME_HEADER_BYTES } from "../../src/wire/frame.ts";
import { method } from "../../src/wire/index.ts";
import { helloCodec, proofCodec } from "../../src/wire/rpc/messages.ts";
import { RawPeer } from "./raw-peer.ts";

const ECHO = method({
  id: 0xf001,
  name: "test.echo",
  question: struct({ text: text(1000) }),
  answer: struct({ text: text(1000) }),
  access: "member",
  repeatable: true,
});

const ping = (): Uint8Array =>
  encodeFrame(JAVASCRIPT_CRC32C, { kind: "ping", id: 0, message: new Uint8Array(0) });

function changed(change: (view: DataView) => void): Uint8Array {
  const bytes = ping();
  const view = new DataView(bytes.buffer);
  change(view);
  view.setUint32(28, JAVASCRIPT_CRC32C.of(bytes.subarray(0, 28)), true);
  return bytes;
}

const HELLO = encode(helloCodec, { cluster: "test", nonce: new Uint8Array(32), claim: { kind: "user" } });

async function over(kind: "tcp" | "unix") {
  const net = new NodeNet();
  const directory = kind === "unix" ? await new NodeDisk().tempDirectory() : undefined;
  const address: NetAddress =
    directory === undefined
      ? { kind: "tcp", host: "127.0.0.1", port: 0 }
      : { kind: "unix", path: `${directory.path}/socket` };
  const deps = { net, clock: new NodeClock(), random: new SeededRandom(1), probes: NO_PROBES };
  const { server } = testServer(deps, { handshakeMsMax: 300, silenceMsMax: 600 });
  server.handle(ECHO, async (question) => question);
  const taken = await server.listen(address);
  const clients = testClients(deps, { pingMs: 100, silenceMsMax: 5000 });
  return {
    net,
    address: taken,
    /** The service serves others as if nothing had been. */
    demandAlive: async () => {
      expect(await clients.to(taken).call(ECHO, { text: "alive" })).toEqual({ text: "alive" });
    },
    [Symbol.asyncDispose]: async () => {
      await clients.close();
      await server.close();
      await directory?.[Symbol.asyncDispose]();
    },
  };
}

describe.each(["tcp", "unix"] as const)("a service on a %s socket", (kind) => {
  test.each<readonly [string, () => Uint8Array, string]>([
    ["garbage", () => new SeededRandom(7).bytes(5000), "BAD_FRAME"],
    [
      "another protocol",
      () => new TextEncoder().encode("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"),
      "BAD_FRAME",
    ],
    ["a frame of another version", () => changed((view) => view.setUint8(4, 2)), "BAD_FRAME"],
    ["a frame with a wrong checksum", () => ping().fill(1, 28), "BAD_FRAME"],
    ["a frame of a kind that is not there", () => changed((view) => view.setUint8(5, 200)), "BAD_FRAME"],
    [
      "a message longer than a handshake's",
      () => changed((view) => view.setUint32(16, 4097, true)),
      "BAD_FRAME",
    ],
    ["a message of 4 GiB", () => changed((view) => view.setUint32(16, 0xffff_ffff, true)), "BAD_FRAME"],
    ["bulk bytes in a handshake", () => changed((view) => view.setUint32(20, 1, true)), "BAD_FRAME"],
    ["a ping before the handshake", ping, "BAD_FRAME"],
    [
      "a hello that is none",
      () => encodeFrame(JAVASCRIPT_CRC32C, { kind: "hello", id: 0, message: Uint8Array.of(1, 2, 3) }),
      "BAD_MESSAGE",
    ],
  ])("refuses %s, says why, and serves others", async (_, bytes, code) => {
    await using world = await over(kind);
    await using peer = await RawPeer.connect(world.net, world.address);
    await peer.write(bytes());
    expect(await peer.nextError()).toMatchObject({ on: "refused", code });
    expect(await peer.next()).toBeUndefined();
    await world.demandAlive();
  });

  test.each<readonly [string, string, string]>([
    ["a token that is none", "hello", "TOKEN_INVALID"],
    [
      "a token that nobody knows",
      "3fs-token-AegDAAAHAAAAAAAAABEREREREREREREREREREREREREhMOlO",
      "TOKEN_INVALID",
    ],
  ])("refuses %s", async (_, token, code) => {
    await using world = await over(kind);
    await using peer = await RawPeer.connect(world.net, world.address);
    await peer.send("hello", HELLO);
    await peer.next();
    await peer.send("proof", encode(proofCodec, { kind: "token", token }));
    expect(await peer.nextError()).toMatchObject({ on: "refused", code });
    await world.demandAlive();
  });

  test.each<readonly [string, () => Uint8Array]>([
    [
      "a message over the limit",
      () =>
        changed((view) => {
          view.setUint8(5, 5);
          view.setUint32(16, 4 * 2 ** 20 + 1, true);
        }),
    ],
    [
      "bulk bytes over the limit",
      () =>
        changed((view) => {
          view.setUint8(5, 5);
          view.setUint32(20, 65 * 2 ** 20 + 1, true);
        }),
    ],
    [
      "a message with a wrong checksum",
      () =>
        encodeFrame(JAVASCRIPT_CRC32C, { kind: "question", id: 1, message: new Uint8Array(100) }).fill(
          1,
          FRAME_HEADER_BYTES,
        ),
    ],
    [
      "a frame that only a service sends",
      () => encodeFrame(JAVASCRIPT_CRC32C, { kind: "answer", id: 1, message: new Uint8Array(0) }),
    ],
    ["a second hello", () => encodeFrame(JAVASCRIPT_CRC32C, { kind: "hello", id: 0, message: HELLO })],
  ])("refuses a member that sends %s", async (_, bytes) => {
    await using world = await over(kind);
    await using peer = await RawPeer.connect(world.net, world.address);
    await peer.joins();
    await peer.write(bytes());
    expect(await peer.nextError()).toMatchObject({ on: "refused", code: "BAD_FRAME" });
    expect(await peer.next()).toBeUndefined();
    await world.demandAlive();
  });

  test("waits for nobody who begins a frame and does not end it", async () => {
    await using world = await over(kind);
    const [half, drip, member] = await Promise.all(
      [1, 2, 3].map(() => RawPeer.connect(world.net, world.address)),
    );
    await half!.write(ping().subarray(0, 20));
    await member!.joins();
    await member!.write(ping().subarray(0, 20));
    const dripping = (async () => {
      for (const byte of encodeFrame(JAVASCRIPT_CRC32C, { kind: "hello", id: 0, message: HELLO })) {
        await drip!.write(Uint8Array.of(byte));
        await new NodeClock().sleep(20);
      }
    })().catch(() => {});
    for (const peer of [half, drip, member]) expect(await peer!.next()).toBeUndefined();
    await dripping;
    await world.demandAlive();
    for (const peer of [half, drip, member]) await peer!.close();
  });

  test("minds nobody who leaves in the middle of anything", async () => {
    await using world = await over(kind);
    const frame = encodeFrame(JAVASCRIPT_CRC32C, { kind: "hello", id: 0, message: HELLO });
    for (let bytes = 0; bytes <= frame.length; bytes += 7) {
      await using peer = await RawPeer.connect(world.net, world.address);
      await peer.write(frame.subarray(0, bytes));
    }
    await world.demandAlive();
  });
});
