/** The disk queue, with leases that stay taken for the whole round. */
import { type BufferPool, openBufferPool, openDiskQueue, type QueueFile } from "@smallpond/fs-native";
import type { Side } from "../../harness/benchmark.ts";
import { dataFile, FILE_BYTES } from "./data.ts";
import { checkOf, positions, type Workload } from "./workload.ts";

export function queueSide(workload: Workload): Side {
  return {
    name: "fs-native",
    open: async (context) => {
      const pool = openBufferPool();
      const queue = openDiskQueue({ depth: workload.depth });
      const file = await queue.open(dataFile(context), { read: true, write: true, direct: true });
      return {
        run: async () => {
          await transferAll(file, pool, workload);
          return { check: checkOf(workload) };
        },
        close: async () => {
          await file.close();
          await queue.close();
        },
      };
    },
  };
}

async function transferAll(file: QueueFile, pool: BufferPool, workload: Workload): Promise<void> {
  const { kind, blockBytes, depth } = workload;
  const at = positions(workload, FILE_BYTES);
  let next = 0;
  const runner = async (): Promise<void> => {
    using lease = await pool.take(blockBytes);
    while (next < at.length) {
      const position = at[next++]!;
      if (kind === "read") await file.read(lease, position);
      else await file.write(lease, position);
    }
  };
  await Promise.all(Array.from({ length: depth }, runner));
}
