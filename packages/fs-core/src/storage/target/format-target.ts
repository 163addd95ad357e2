/** Makes an empty directory a target. Nothing counts until the superblock is there. */
import type { Disk, Random } from "@smallpond/base";
import { publishManifest } from "../checkpoint/manifest.ts";
import { SegmentFiles } from "../journal/segment-files.ts";
import { foreignTarget, storeFull } from "../model/errors.ts";
import type { Crc } from "../model/pages.ts";
import { DEFAULT_STORE_SETTINGS } from "../settings.ts";
import { writeBootMark } from "./boot-mark.ts";
import { blocksPath, checkpointPath, journalPath, parentPath } from "./paths.ts";
import { readSuperblock, type Superblock, writeSuperblock } from "./superblock.ts";

export interface FormatDeps {
  readonly disk: Disk;
  readonly random: Pick<Random, "u64">;
  readonly crc: Crc;
}

/** What an interrupted formatting left is made anew; a target that is there already is refused. */
export async function formatTarget(
  deps: FormatDeps,
  place: {
    readonly directory: string;
    readonly cluster: string;
    readonly target: number;
    readonly segmentBytes?: number;
    /** False for one that takes the place of another whose bytes are lost: it counts once others have filled it. */
    readonly isComplete?: boolean;
  },
): Promise<Superblock> {
  const { disk, crc } = deps;
  const { directory, cluster, target } = place;
  const superblock = { cluster, target, generation: deps.random.u64() };
  await disk.mkdir(directory, { recursive: true });
  if ((await readSuperblock(deps, directory)) !== undefined) {
    throw foreignTarget(directory, "it is a target already");
  }
  const salt = superblock.generation;
  for (const path of [blocksPath(directory), journalPath(directory), checkpointPath(directory)]) {
    await disk.removeTree(path);
    await disk.mkdir(path);
  }
  const segmentBytes = place.segmentBytes ?? DEFAULT_STORE_SETTINGS.segmentBytes;
  const segments = new SegmentFiles({ disk, crc }, journalPath(directory), { segmentBytes, salt });
  const begun = await segments.begin({ target, segment: 1, firstBatch: 1n });
  if (begun === undefined) throw storeFull("the journal");
  await begun.file.close();
  await publishManifest(
    { disk, crc, directory: checkpointPath(directory), salt },
    { checkpoint: 1, firstSegment: 1, firstBatch: 1n, chunks: 0, shards: [] },
  );
  const mark = { bootId: "", isReplicated: false, isClosed: true, isComplete: place.isComplete ?? true };
  await writeBootMark(deps, directory, { mark, generation: salt });
  await disk.syncDirectory(blocksPath(directory));
  await writeSuperblock(deps, directory, superblock);
  await disk.syncDirectory(parentPath(directory));
  return superblock;
}
