/** Messages and remote memory access over libfabric against plain TCP, both on loopback. */
import { isPondError } from "@smallpond/base";
import { openBufferPool, openFabric } from "@smallpond/fs-native";
import type { Benchmark } from "../../harness/benchmark.ts";
import { FABRIC, fabricSide } from "./fabric-side.ts";
import { countingSide, netSide } from "./net-side.ts";
import type { NetWork } from "./net-work.ts";

const KIB = 2 ** 10;

const WORKS: readonly NetWork[] = [
  { name: "4k", payloadBytes: 4 * KIB, requests: 20_000, depth: 16 },
  { name: "64k", payloadBytes: 64 * KIB, requests: 10_000, depth: 16 },
  { name: "1m", payloadBytes: 1024 * KIB, requests: 1_000, depth: 16 },
];
const ROUND_TRIP: NetWork = { name: "round-trip", payloadBytes: 64, requests: 10_000, depth: 1 };

const TCP = "core.node, tcp";
/** Without leases. */
const COUNTED = "node:net, tcp, counted";

/** None where libfabric is not built in. */
export const fabricBenchmarks: readonly Benchmark[] = (await isFabricHere())
  ? [roundTrip(), ...WORKS.map(transfers)]
  : [];

function roundTrip(): Benchmark {
  const work = ROUND_TRIP;
  const message = `${FABRIC.provider} message`;
  return {
    name: "fabric-round-trip",
    title: `${work.requests} messages of ${work.payloadBytes} bytes back and forth, one at a time`,
    sides: [netSide(TCP, "native", "tcp", work), fabricSide(message, "echo", work)],
    comparisons: [{ side: message, against: TCP, budget: null }],
    per: { unit: "round trip", count: () => work.requests },
  };
}

function transfers(work: NetWork): Benchmark {
  const read = `${FABRIC.provider} read`;
  const write = `${FABRIC.provider} write`;
  return {
    name: `fabric-${work.name}`,
    title: `${work.requests} transfers of ${work.payloadBytes} bytes into and out of leases, ${work.depth} at a time`,
    sides: [
      netSide(TCP, "native", "tcp", work),
      countingSide(COUNTED, "tcp", work),
      fabricSide(read, "read", work),
      fabricSide(write, "write", work),
    ],
    comparisons: [read, write].flatMap((side) =>
      [TCP, COUNTED].map((against) => ({ side, against, budget: null })),
    ),
    per: { unit: "transfer", count: () => work.requests },
  };
}

async function isFabricHere(): Promise<boolean> {
  using pool = openBufferPool();
  try {
    await using _endpoint = await openFabric(pool, FABRIC);
    return true;
  } catch (error) {
    if (isPondError(error, "ENOFABRIC")) return false;
    throw error;
  }
}
