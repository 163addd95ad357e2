/** `pond fs du`: bytes and files below each path. A file with several names below one path counts once. */
import type { FileSystem } from "@smallpond/fs-core";
import { jsonText } from "../output/json-text.ts";
import { writeOut } from "../output/write-out.ts";
import { clusterPlaceOf, placeText } from "./place.ts";
import { sizeText } from "./stat-text.ts";
import { withClusters } from "./with-clusters.ts";

interface Usage {
  bytes: bigint;
  files: number;
  directories: number;
}

/** Directories looked at side by side. */
const SIDE_BY_SIDE = 16;

export async function du(
  paths: readonly string[],
  flags: { human?: boolean; json?: boolean },
): Promise<void> {
  await withClusters(async (clusters) => {
    for (const text of paths) {
      const place = clusterPlaceOf(text);
      const { bytes, files, directories } = await usageOf(
        await clusters.of(place.cluster),
        place.path,
        clusters.signal,
      );
      const path = placeText(place);
      if (flags.json === true) await writeOut(`${jsonText({ path, bytes, files, directories })}\n`);
      else await writeOut(`${sizeText(bytes, flags.human === true)}\t${path}\n`);
    }
  });
}

async function usageOf(fs: FileSystem, path: string, signal: AbortSignal): Promise<Usage> {
  const usage: Usage = { bytes: 0n, files: 0, directories: 0 };
  const seen = new Set<bigint>();
  const waiting = [path];
  const first = await fs.lstat(path, { signal });
  if (first.kind !== "directory") return { bytes: first.size, files: 1, directories: 0 };
  const look = async (directory: string): Promise<void> => {
    usage.directories += 1;
    const files: string[] = [];
    for await (const { name, kind } of fs.readdir(directory, { signal })) {
      const inside = directory === "/" ? `/${name}` : `${directory}/${name}`;
      if (kind === "directory") waiting.push(inside);
      else files.push(inside);
    }
    for (const file of files) {
      const stat = await fs.lstat(file, { signal }).catch(() => undefined);
      if (stat === undefined || (stat.nlink > 1 && seen.has(stat.inode))) continue;
      seen.add(stat.inode);
      usage.files += 1;
      usage.bytes += stat.size;
    }
  };
  while (waiting.length > 0) await Promise.all(waiting.splice(0, SIDE_BY_SIDE).map(look));
  return usage;
}
