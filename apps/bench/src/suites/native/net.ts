/** Bytes through sockets: the addon's against Node's, with the same code above, and against plain C. */
import type { Benchmark } from "../../harness/benchmark.ts";
import { cSide } from "./c-side.ts";
import { countingSide, netSide } from "./net-side.ts";
import type { NetWork } from "./net-work.ts";

const KIB = 2 ** 10;

const WORKS: readonly NetWork[] = [
  { name: "round-trip", payloadBytes: 64, requests: 20_000, depth: 1 },
  { name: "pipelined", payloadBytes: 64, requests: 100_000, depth: 16 },
  { name: "64k", payloadBytes: 64 * KIB, requests: 20_000, depth: 16 },
  { name: "1m", payloadBytes: 1024 * KIB, requests: 2_000, depth: 4 },
];

const NATIVE = "core.node";
const NODE = "node:net";
/** Without leases. */
const COUNTED = "node:net, counted";
/** Blocking sockets: the least that the machine takes. */
const PLAIN = "c";

export const netBenchmarks: readonly Benchmark[] = (["tcp", "unix"] as const).flatMap((transport) =>
  WORKS.map((work) => ({
    name: `${transport}-${work.name}`,
    title: `${work.requests} answers of ${work.payloadBytes} bytes into leases over ${transport}, ${work.depth} at a time`,
    sides: [
      netSide(NODE, "portable", transport, work),
      netSide(NATIVE, "native", transport, work),
      countingSide(COUNTED, transport, work),
      cSide(PLAIN, transport, work),
    ],
    comparisons: [NODE, COUNTED, PLAIN].map((against) => ({ side: NATIVE, against, budget: null })),
    per: { unit: "answer", count: () => work.requests },
  })),
);
