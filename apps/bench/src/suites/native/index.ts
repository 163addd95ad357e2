/** The native parts against what the machine can do and what Node does by itself. */
import type { Suite } from "../../harness/benchmark.ts";
import { crcBenchmarks } from "./crc.ts";
import { prepareFile } from "./data.ts";
import { diskBenchmarks } from "./disk.ts";
import { fabricBenchmarks } from "./fabric.ts";
import { netBenchmarks } from "./net.ts";
import { pingPongBenchmarks } from "./ping-pong.ts";

export const nativeSuite: Suite = {
  name: "native",
  benchmarks: [
    ...diskBenchmarks,
    ...crcBenchmarks,
    ...netBenchmarks,
    ...fabricBenchmarks,
    ...pingPongBenchmarks,
  ],
  prepare: prepareFile,
};
