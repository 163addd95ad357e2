/** Node's own `fs.promises`, on as many buffers and at the same depth, past the page cache too. */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { type BufferPool, openBufferPool } from "@smallpond/fs-native";
import type { Side } from "../../harness/benchmark.ts";
import { dataFile, FILE_BYTES } from "./data.ts";
import { checkOf, positions, type Workload } from "./workload.ts";

export function promisesSide(workload: Workload): Side {
  return {
    name: "fs.promises",
    open: async (context) => {
      // Node's own buffers are not aligned, so direct operations need ours.
      const pool = openBufferPool();
      const file = await open(dataFile(context), constants.O_RDWR | constants.O_DIRECT);
      return {
        run: async () => {
          await transferAll(file, pool, workload);
          return { check: checkOf(workload) };
        },
        close: () => file.close(),
      };
    },
  };
}

async function transferAll(file: FileHandle, pool: BufferPool, workload: Workload): Promise<void> {
  const { kind, blockBytes, depth } = workload;
  const at = positions(workload, FILE_BYTES);
  let next = 0;
  const runner = async (): Promise<void> => {
    using lease = await pool.take(blockBytes);
    while (next < at.length) {
      const position = at[next++]!;
      if (kind === "read") await file.read(lease.view, 0, blockBytes, position);
      else await file.write(lease.view, 0, blockBytes, position);
    }
  };
  await Promise.all(Array.from({ length: depth }, runner));
}
