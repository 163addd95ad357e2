/** Storage as a simulated metadata service reaches it: what it holds outlives everybody, calls are late or fail. */
import { PondError } from "@smallpond/base";
import { type MemoryChunkState, MemoryChunks } from "@smallpond/fs-core/testing";
import type { Seams } from "../../world/process.ts";

const CALL_MS = 2;

export function chunksOf({ clock, random, probes }: Seams, state: MemoryChunkState): MemoryChunks {
  const chance = random.fork("chunks");
  return new MemoryChunks({
    state,
    fault: async (call, when) => {
      await clock.sleep(CALL_MS * chance.next());
      if (!probes.buggify(`chunks: ${when} ${call}`, 0.2)) return;
      throw new PondError("CHUNKS_UNREACHABLE", {
        kind: when === "before" ? "retry" : "unknown-outcome",
        message: `storage did not answer ${call}`,
      });
    },
  });
}
