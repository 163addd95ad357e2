/** CRC-32C in the addon, in JavaScript and in @node-rs/crc32. */
import { randomBytes } from "node:crypto";
import { crc32c as nodeRsCrc32c } from "@node-rs/crc32";
import { JAVASCRIPT_CRC32C, newCrc32c } from "@smallpond/fs-native";
import type { Benchmark, Side } from "../../harness/benchmark.ts";

const TOTAL_BYTES = 512 * 1024 * 1024;
/** To be reached: five times the rate of JavaScript. */
const JAVASCRIPT_FACTOR = 5;

function side(name: string, crc: (bytes: Uint8Array) => number, pieceBytes: number): Side {
  return {
    name,
    open: () => {
      const bytes = Buffer.alloc(pieceBytes, randomBytes(pieceBytes));
      return Promise.resolve({
        run: () => {
          for (let done = 0; done < TOTAL_BYTES; done += pieceBytes) crc(bytes);
          return Promise.resolve({ check: `${TOTAL_BYTES / pieceBytes} pieces` });
        },
        close: () => Promise.resolve(),
      });
    },
  };
}

function crc(name: string, pieceBytes: number): Benchmark {
  return {
    name: `crc32c-${name}`,
    title: `CRC-32C of 512 MiB in pieces of ${pieceBytes.toLocaleString("en")} bytes`,
    sides: [
      side("fs-native", newCrc32c().of, pieceBytes),
      side(
        "@node-rs/crc32",
        (bytes) => nodeRsCrc32c(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)),
        pieceBytes,
      ),
      side("javascript", JAVASCRIPT_CRC32C.of, pieceBytes),
    ],
    comparisons: [
      { side: "@node-rs/crc32", against: "fs-native", budget: null },
      { side: "javascript", against: "fs-native", budget: { kind: "slower", min: JAVASCRIPT_FACTOR } },
    ],
  };
}

export const crcBenchmarks: readonly Benchmark[] = [
  crc("4kib", 4_096),
  crc("64kib", 65_536),
  crc("1mib", 1_048_576),
];
