import { formatError, isPondError, NO_PROBES, SeededRandom } from "@smallpond/base";
import { NodeClock } from "@smallpond/base/platform/node";
import { MemoryNet } from "@smallpond/base/testing";
import {
  type BufferPool,
  type FabricEndpoint,
  JAVASCRIPT_CRC32C,
  type LeasedNet,
  MemoryFabric,
  newCrc32c,
  openBufferPool,
  openFabric,
  openLeasedNet,
  PortableNet,
} from "@smallpond/fs-native";
import { describe, expect, test } from "vitest";
import { type NodeNearMemory, openNearMemory } from "../../src/platform/near/node-near-memory.ts";
import { MemoryNear, type NearRooms } from "../../src/testing/memory-near.ts";
import { type Caller, NearTransport, NetTransport, type Transport } from "../../src/wire/index.ts";
import { FabricTransport } from "../../src/wire/transport/fabric-transport.ts";
import type { NearMemory } from "../../src/wire/transport/near-memory.ts";
import { CountingNear } from "./counting-near.ts";
import {
  expectRefusal,
  expectService,
  openTransports,
  READ,
  runTransportContract,
  type SetUpTransports,
  WRITE,
} from "./transport-contract.ts";

function overNet(newNet: () => LeasedNet): SetUpTransports {
  return async () => {
    const net = newNet();
    const transport = new NetTransport({ net, crc32c: newCrc32c(), probes: NO_PROBES });
    return { service: transport, client: transport, [Symbol.asyncDispose]: async () => {} };
  };
}

function overFabric(open: (pool: BufferPool) => Promise<FabricEndpoint>): SetUpTransports {
  return async (pools) => {
    const net = new PortableNet(new MemoryNet());
    const messages = new NetTransport({ net, crc32c: JAVASCRIPT_CRC32C, probes: NO_PROBES });
    const service = await open(pools.service);
    const client = await open(pools.client);
    return {
      service: new FabricTransport({ messages, endpoint: service, pool: pools.service }),
      client: new FabricTransport({ messages, endpoint: client, pool: pools.client }),
      [Symbol.asyncDispose]: async () => {
        await client.close();
        await service.close();
      },
    };
  };
}

runTransportContract(
  "over a network in memory",
  overNet(() => new PortableNet(new MemoryNet())),
);
runTransportContract(
  "over the fastest sockets there are",
  overNet(() => openLeasedNet()),
);
runTransportContract("over a fabric in memory", async (pools) => {
  const fabric = new MemoryFabric({ clock: new NodeClock(), random: new SeededRandom(1) });
  return await overFabric((pool) => fabric.open(pool))(pools);
});

/** Until a question's bytes and an answer's were lent. */
async function untilLent(caller: Caller, pool: BufferPool, links: readonly CountingNear[]): Promise<void> {
  using lease = pool.tryTake(100_000)!;
  while (links.some(({ lent }) => lent === 0)) {
    await caller.call(WRITE, {}, { send: [lease] });
    await caller.call(READ, { bytes: 100_000, fill: 1 }, { into: lease });
  }
}

function overNearOf(
  messages: Transport,
  [service, client]: readonly [CountingNear, CountingNear],
  close: () => Promise<void> = async () => {},
): SetUpTransports {
  const common = { messages, clock: new NodeClock(), bytesMin: 1 };
  return async (pools) => ({
    service: new NearTransport({ ...common, near: service, pool: pools.service }),
    client: new NearTransport({ ...common, near: client, pool: pools.client }),
    isReady: (caller) => untilLent(caller, pools.client, [service, client]),
    [Symbol.asyncDispose]: close,
  });
}

function overNear(open: () => NearMemory, close?: () => Promise<void>): SetUpTransports {
  return async (pools) => {
    const net = openLeasedNet();
    const messages = new NetTransport({ net, crc32c: newCrc32c(), probes: NO_PROBES });
    const ends = [new CountingNear(open()), new CountingNear(open())] as const;
    return await overNearOf(messages, ends, close)(pools);
  };
}

runTransportContract("over near memory of the tests' own", async (pools) => {
  const rooms: NearRooms = new Map();
  const common = { rooms, clock: new NodeClock(), random: new SeededRandom(1), probes: NO_PROBES };
  return await overNear(() => new MemoryNear(common))(pools);
});

const noNear = openNearMemory() === undefined ? " (no memory can be shown here: build the addon)" : undefined;

describe.skipIf(noNear !== undefined)(`with memory that processes show each other${noNear ?? ""}`, () => {
  const opened: NodeNearMemory[] = [];
  const open = (): NodeNearMemory => {
    opened.push(openNearMemory()!);
    return opened.at(-1)!;
  };
  const close = async (): Promise<void> => {
    for (const each of opened.splice(0)) await each.close();
  };
  runTransportContract("over it", overNear(open, close));
});

test("a caller who gives up has his memory back though the service is stopped, and the connection goes on", async () => {
  const net = new PortableNet(new MemoryNet());
  const messages = new NetTransport({ net, crc32c: JAVASCRIPT_CRC32C, probes: NO_PROBES });
  const rooms: NearRooms = new Map();
  const common = { rooms, clock: new NodeClock(), random: new SeededRandom(1), probes: NO_PROBES };
  const [service, client] = [
    new CountingNear(new MemoryNear(common)),
    new CountingNear(new MemoryNear(common)),
  ];
  await using world = await openTransports(overNearOf(messages, [service, client]));
  const lease = world.clientPool.tryTake(100_000)!;
  lease.view.fill(1);
  const stopped = service.stop();
  const controller = new AbortController();
  const call = world.caller.call(WRITE, {}, { send: [lease], signal: controller.signal });
  await stopped.reached;
  controller.abort(new Error("enough"));
  await expect(call).rejects.toThrow("enough");
  lease.release();
  const sums = world.sums.length;
  stopped.go();
  using next = world.clientPool.tryTake(100_000)!;
  next.view.fill(2);
  expect(await world.caller.call(WRITE, {}, { send: [next] })).toEqual({ sum: 200_000 });
  // What was called back was never handed to anybody.
  expect(world.sums.slice(sums)).toEqual([200_000]);
});

test("an answer that is on its way keeps no other question out", async () => {
  const net = new PortableNet(new MemoryNet());
  const messages = new NetTransport({ net, crc32c: JAVASCRIPT_CRC32C, probes: NO_PROBES });
  const common = { rooms: new Map(), clock: new NodeClock(), random: new SeededRandom(1), probes: NO_PROBES };
  const near = (): CountingNear => new CountingNear(new MemoryNear(common));
  await using world = await openTransports(overNearOf(messages, [near(), near()]), {
    callsPerConnectionMax: 4,
  });
  await Promise.all(
    Array.from({ length: 50 }, async () => {
      using lease = world.clientPool.tryTake(1000)!;
      await world.caller.call(READ, { bytes: 1000, fill: 1 }, { into: lease, attempts: 1 });
    }),
  );
});

test("a client with near memory that a service has not, and the other way round", async () => {
  const net = new PortableNet(new MemoryNet());
  const messages = new NetTransport({ net, crc32c: JAVASCRIPT_CRC32C, probes: NO_PROBES });
  const rooms: NearRooms = new Map();
  const common = { rooms, clock: new NodeClock(), random: new SeededRandom(1), probes: NO_PROBES };
  const near = new NearTransport({
    messages,
    clock: new NodeClock(),
    near: new MemoryNear(common),
    bytesMin: 1,
  });
  const none = new NearTransport({ messages, clock: new NodeClock() });
  await expectService({ service: none, client: near });
  await expectService({ service: near, client: none });
  await expectService({ service: near, client: messages });
});

const PROVIDER = { provider: "tcp;ofi_rxm", host: "127.0.0.1" } as const;

async function withoutFabric(): Promise<string | undefined> {
  using pool = openBufferPool();
  try {
    await using _endpoint = await openFabric(pool, PROVIDER);
    return undefined;
  } catch (error) {
    if (isPondError(error, "ENOFABRIC")) return formatError(error);
    throw error;
  }
}

const missing = await withoutFabric();
if (missing !== undefined) console.warn(`SKIPPED: RPC over libfabric: ${missing}`);

describe.skipIf(missing !== undefined)("with libfabric", () => {
  runTransportContract(
    `over ${PROVIDER.provider}`,
    overFabric((pool) => openFabric(pool, PROVIDER)),
  );
});

test("a client with a fabric learns that a service has none", async () => {
  const net = new PortableNet(new MemoryNet());
  const messages = new NetTransport({ net, crc32c: JAVASCRIPT_CRC32C, probes: NO_PROBES });
  const pool = openBufferPool();
  const endpoint = await new MemoryFabric({ clock: new NodeClock(), random: new SeededRandom(1) }).open(pool);
  const fabric = new FabricTransport({ messages, endpoint, pool });
  const refused = expect.stringContaining("a fabric comes before the handshake is done") as string;
  await expectRefusal({ service: messages, client: fabric, message: refused });
  await endpoint.close();
});
