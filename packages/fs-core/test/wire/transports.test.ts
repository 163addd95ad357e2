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
import { NetTransport } from "../../src/wire/index.ts";
import { FabricTransport } from "../../src/wire/transport/fabric-transport.ts";
import { expectRefusal, runTransportContract, type SetUpTransports } from "./transport-contract.ts";

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
