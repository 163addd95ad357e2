/** `pond fs ls`: names, and with `-l` what they are. */
import type { FileStat, FileSystem } from "@smallpond/fs-core";
import { jsonText } from "../output/json-text.ts";
import { writeOut } from "../output/write-out.ts";
import { clusterPlaceOf, placeText } from "./place.ts";
import { modeText, sizeText, statJson, timeText } from "./stat-text.ts";
import { type Clusters, withClusters } from "./with-clusters.ts";

export interface LsFlags {
  readonly long?: boolean;
  readonly human?: boolean;
  readonly recursive?: boolean;
  readonly json?: boolean;
}

/** Attributes are asked for so many at a time. */
const PAGE = 256;

export async function ls(paths: readonly string[], flags: LsFlags): Promise<void> {
  await withClusters(async (clusters) => {
    for (const path of paths) await listOne(clusters, path, flags);
  });
}

async function listOne(clusters: Clusters, text: string, flags: LsFlags): Promise<void> {
  const place = clusterPlaceOf(text);
  const fs = await clusters.of(place.cluster);
  const { signal } = clusters;
  const stat = await fs.lstat(place.path, { signal });
  if (stat.kind !== "directory") return await print(placeText(place), stat, flags);
  await listDirectory(fs, { path: place.path, shown: "" }, { flags, signal });
}

async function listDirectory(
  fs: FileSystem,
  at: { readonly path: string; readonly shown: string },
  options: { readonly flags: LsFlags; readonly signal: AbortSignal },
): Promise<void> {
  const { flags, signal } = options;
  let page: string[] = [];
  const flush = async (): Promise<void> => {
    const names = page;
    page = [];
    const inside = (name: string): string => (at.path === "/" ? `/${name}` : `${at.path}/${name}`);
    const plain = flags.long !== true && flags.json !== true && flags.recursive !== true;
    if (plain) return await writeOut(names.map((name) => `${at.shown}${name}\n`).join(""));
    const stats = await Promise.all(
      names.map((name) => fs.lstat(inside(name), { signal }).catch(goneBefore)),
    );
    for (const [i, name] of names.entries()) {
      const stat = stats[i];
      // Removed since it was listed.
      if (stat === undefined) continue;
      await print(`${at.shown}${name}`, stat, flags);
      if (stat.kind === "directory" && flags.recursive === true) {
        await listDirectory(fs, { path: inside(name), shown: `${at.shown}${name}/` }, options);
      }
    }
  };
  for await (const { name } of fs.readdir(at.path, { signal })) {
    page.push(name);
    if (page.length === PAGE) await flush();
  }
  if (page.length > 0) await flush();
}

function goneBefore(error: unknown): undefined {
  if ((error as { code?: unknown }).code === "ENOENT") return undefined;
  throw error;
}

async function print(name: string, stat: FileStat, { long, human, json }: LsFlags): Promise<void> {
  if (json === true) return await writeOut(`${jsonText(statJson(name, stat))}\n`);
  if (long !== true) return await writeOut(`${name}\n`);
  const size = sizeText(stat.size, human === true).padStart(human === true ? 9 : 14);
  const owner = `${stat.uid}:${stat.gid}`.padEnd(11);
  await writeOut(
    `${modeText(stat)} ${String(stat.nlink).padStart(3)} ${owner} ${size} ${timeText(stat.mtimeNs)} ${name}\n`,
  );
}
