import type { NetAddress } from "@smallpond/base";
import { NodeDisk } from "@smallpond/base/platform/node";
import { MemoryNet, netContract } from "@smallpond/base/testing";
import {
  DEFAULT_LEASED_NET_SETTINGS,
  type LeasedConnection,
  type LeasedNet,
  openBufferPool,
  openLeasedNet,
  PortableNet,
} from "@smallpond/fs-native";
import { type LeasedNetUnderTest, leasedNetContract } from "@smallpond/fs-native/testing";
import { describe, expect, test, vi } from "vitest";
import { coreAddon } from "../../src/platform/core-addon.ts";
import { startChild } from "../child.ts";
import { missingNative } from "../missing-native.ts";
import { runContract } from "../run-contract.ts";

const ANY_PORT: NetAddress = { kind: "tcp", host: "127.0.0.1", port: 0 };

function overTcp(open: () => LeasedNet): () => Promise<LeasedNetUnderTest> {
  return async () => under(open(), ANY_PORT, async () => {});
}

function overUnixSocket(open: () => LeasedNet): () => Promise<LeasedNetUnderTest> {
  return async () => {
    const directory = await new NodeDisk().tempDirectory();
    const address = { kind: "unix", path: `${directory.path}/socket` } as const;
    return under(open(), address, async () => await directory[Symbol.asyncDispose]());
  };
}

function under(net: LeasedNet, address: NetAddress, dispose: () => Promise<void>): LeasedNetUnderTest {
  return { net, address, pool: openBufferPool({ poison: true }), [Symbol.asyncDispose]: dispose };
}

function runContracts(subject: string, setup: () => Promise<LeasedNetUnderTest>): void {
  runContract(`${subject}, as any Net`, netContract(setup));
  runContract(`${subject}, with leases`, leasedNetContract(setup));
}

runContracts(
  "portable over memory",
  overTcp(() => new PortableNet(new MemoryNet())),
);
runContracts(
  "portable over TCP",
  overTcp(() => openLeasedNet({ engine: "portable" })),
);
runContracts(
  "portable over a unix socket",
  overUnixSocket(() => openLeasedNet({ engine: "portable" })),
);

const MISSING = missingNative("socketWrite");
describe.skipIf(MISSING !== undefined)(`native${MISSING ?? ""}`, () => {
  runContracts(
    "TCP",
    overTcp(() => openLeasedNet({ engine: "native" })),
  );
  runContracts(
    "a unix socket",
    overUnixSocket(() => openLeasedNet({ engine: "native" })),
  );
});

const ENGINES = MISSING === undefined ? (["native", "portable"] as const) : (["portable"] as const);

describe.each(ENGINES)("%s", (engine) => {
  test("writes beyond the limit of unsent bytes are refused as a whole", async () => {
    const net = openLeasedNet({ engine, unsentBytesMax: 1_000 });
    await using listener = await net.listen(ANY_PORT);
    await using client = await net.connect(listener.address);
    const large = client.write(new Uint8Array(32 << 20));
    const refused = client.writeFrom([new Uint8Array(1), new Uint8Array(1)]);
    await expect(refused).rejects.toMatchObject({ code: "EQUEUEFULL", kind: "retry" });
    await Promise.all([expect(large).rejects.toMatchObject({ code: "ECLOSED" }), client.close()]);
  });

  test("connections that nobody takes are turned away beyond the limit", async () => {
    const net = openLeasedNet({ engine, acceptQueueMax: 1 });
    await using listener = await net.listen(ANY_PORT);
    await using first = await net.connect(listener.address);
    await using second = await net.connect(listener.address);
    const outcome = await second.fill(1).catch((error: { code: string }) => error.code);
    expect([false, "ECONNRESET"]).toContain(outcome);
    await first.write(new Uint8Array(1));
  });

  test("names are looked up, and unknown ones are ENOTFOUND", async () => {
    const net = openLeasedNet({ engine });
    await using listener = await net.listen({ kind: "tcp", host: "localhost", port: 0 });
    await using client = await net.connect(listener.address);
    expect(client.remote).toMatch(/^localhost:\d+$/);
    const unknown = net.connect({ kind: "tcp", host: "no-such-host.invalid", port: 1 });
    await expect(unknown).rejects.toMatchObject({ code: "ENOTFOUND", kind: "unavailable" });
  });

  test("the path of a unix socket that is too long is told as such", async () => {
    const net = openLeasedNet({ engine });
    const address: NetAddress = { kind: "unix", path: `/tmp/${"long".repeat(30)}` };
    const wanted = { code: "ENAMETOOLONG", kind: "invalid", message: expect.stringContaining("107 bytes") };
    await expect(net.listen(address)).rejects.toMatchObject(wanted);
    await expect(net.connect(address)).rejects.toMatchObject(wanted);
  });

  test("a header larger than the receive buffer is a mistake of the protocol", async () => {
    const net = openLeasedNet({ engine, receiveBytes: 64 });
    await using listener = await net.listen(ANY_PORT);
    await using client = await net.connect(listener.address);
    expect(DEFAULT_LEASED_NET_SETTINGS.receiveBytes).toBeGreaterThan(64);
    await expect((async () => client.fill(65))()).rejects.toThrow("at most 64 bytes");
  });
});

test.skipIf(MISSING !== undefined)(
  "a server that may open no more descriptors takes connections again once it may",
  async () => {
    const limited = ["sh", "-ec", 'ulimit -n 60; exec "$@"', "sh"];
    const server = startChild(new URL("./serve-few.ts", import.meta.url), ["native"], { before: limited });
    const address = JSON.parse(await server.line) as NetAddress;
    const net = openLeasedNet({ engine: "native" });
    const waiting = await Promise.all(Array.from({ length: 100 }, () => net.connect(address)));
    // In order, since each is greeted when there is a descriptor for it: those before have left.
    for (const connection of waiting) {
      expect(await connection.fill(1)).toBe(true);
      await connection.close();
    }
    server.process.stdin?.end();
    expect(await server.ended).toMatchObject({ code: 0, stderr: "" });
  },
);

test.skipIf(MISSING !== undefined)("IPv6 addresses work as they are", async (context) => {
  const net = openLeasedNet({ engine: "native" });
  const address: NetAddress = { kind: "tcp", host: "::1", port: 0 };
  const opened = await net.listen(address).catch((error: { code: string }) => error);
  if ("code" in opened) return context.skip(`no IPv6 here: ${opened.code}`);
  await using listener = opened;
  await using client = await net.connect(listener.address);
  expect(client.remote).toMatch(/^\[::1\]:\d+$/);
});

/** `TC_PRIO_BULK` of the kernel's own queue, above the six bits of a mark. */
const BULK = 2 << 6;

test.skipIf(MISSING !== undefined).for(["127.0.0.1", "::1"])(
  "packets to %s are marked, and lower effort alone comes after others in the kernel's queue",
  async (host, context) => {
    const core = coreAddon();
    if (core.kind === "missing") return context.skip(core.reason);
    const net = openLeasedNet({ engine: "native" });
    const opened = await net.listen({ kind: "tcp", host, port: 0 }).catch((error: { code: string }) => error);
    if ("code" in opened) return context.skip(`no ${host} here: ${opened.code}`);
    await using listener = opened;
    await using client = await net.connect(listener.address);
    const { value } = await listener[Symbol.asyncIterator]().next();
    await using served = value as LeasedConnection;
    using marking = vi.spyOn(core.addon, "socketMark");
    for (const [mark, kept] of [
      [10, 10],
      [1, 1 | BULK],
      [63, 63],
      [8, 8 | BULK],
      [0, 0],
    ] as const) {
      for (const connection of [client, served]) {
        connection.mark(mark);
        expect(marking.mock.results.at(-1)?.value).toBe(kept);
      }
    }
    expect(() => client.mark(64)).toThrow("64 has six bits");
  },
);

test.skipIf(MISSING !== undefined)("a unix socket has no packets to mark", async () => {
  await using directory = await new NodeDisk().tempDirectory();
  const net = openLeasedNet({ engine: "native" });
  await using listener = await net.listen({ kind: "unix", path: `${directory.path}/socket` });
  await using client = await net.connect(listener.address);
  client.mark(10);
  await client.write(new Uint8Array(1));
  for await (const served of listener) {
    expect(await served.fill(1)).toBe(true);
    await served.close();
    break;
  }
});
