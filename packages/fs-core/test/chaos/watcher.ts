/** One of those who read what others write meanwhile: nothing may be older than what its writer was told is there. */
import { isPondError, type Random } from "@smallpond/base";
import type { FileSystem } from "@smallpond/fs-core";
import type { FileModel } from "./file-model.ts";
import { CELL_BYTES } from "./pattern.ts";
import type { Tally } from "./tally.ts";

export interface WatcherDeps {
  readonly fs: FileSystem;
  readonly random: Random;
  readonly tally: Tally;
  readonly files: ReadonlyMap<string, FileModel>;
}

const READS = 8;
const READ_CELLS_MAX = 16_384;

export async function watch(deps: WatcherDeps, isOver: () => boolean): Promise<void> {
  const { random, files, tally } = deps;
  while (!isOver() && tally.complaints.length === 0) {
    const all = [...files.values()].filter(({ isRemoving, ackedLength }) => !isRemoving && ackedLength > 0);
    if (all.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    else await watchOne(deps, all[random.int(all.length)]!);
  }
}

async function watchOne({ fs, random, tally }: WatcherDeps, model: FileModel): Promise<void> {
  try {
    await using handle = await tally.time("open to read", () => fs.open(model.path));
    const reads = Array.from({ length: 1 + random.int(READS) }, () => {
      const from = random.int(model.bytesMax / CELL_BYTES) * CELL_BYTES;
      const cells = Math.min(1 + random.int(READ_CELLS_MAX), (model.bytesMax - from) / CELL_BYTES);
      const into = new Uint8Array(cells * CELL_BYTES);
      return { from, into, before: model.floorOf(from, from + into.length) };
    });
    const requests = reads.map(({ from, into }) => ({ file: handle, offset: BigInt(from), into }));
    const counts = await tally.time("read", () => fs.readMany(requests));
    for (const [index, { from, into, before }] of reads.entries()) {
      const found = into.subarray(0, Math.floor(counts[index]! / CELL_BYTES) * CELL_BYTES);
      tally.bytesRead += found.length;
      const stale = model.staleIn(found, from, before);
      if (stale !== undefined) tally.complain(`read by another client: ${stale}`);
    }
  } catch (error) {
    if (model.isRemoving && isPondError(error)) return;
    tally.failed("read", error);
  }
}
