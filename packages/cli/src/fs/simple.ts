/** Commands that are one call for each path. */
import { PondError } from "@smallpond/base";
import { jsonText } from "../output/json-text.ts";
import { onReaderGone, writeOut } from "../output/write-out.ts";
import { clusterPlaceOf, type Place, placeText } from "./place.ts";
import { modeText, sizeText, statJson, timeText } from "./stat-text.ts";
import { type Clusters, withClusters } from "./with-clusters.ts";

export async function mkdir(
  paths: readonly string[],
  flags: { parents?: boolean; mode?: string },
): Promise<void> {
  const mode = flags.mode === undefined ? {} : { mode: modeOf(flags.mode) };
  await each(paths, async (clusters, place) => {
    const fs = await clusters.of(place.cluster);
    await fs.mkdir(place.path, { recursive: flags.parents === true, ...mode, signal: clusters.signal });
  });
}

export async function rm(
  paths: readonly string[],
  flags: { recursive?: boolean; force?: boolean },
): Promise<void> {
  await each(paths, async (clusters, place) => {
    const fs = await clusters.of(place.cluster);
    const { recursive = false, force = false } = flags;
    if (place.path === "/") throw usage(`${placeText(place)} is all there is: remove what is in it by name`);
    await fs.rm(place.path, { recursive, force, signal: clusters.signal });
  });
}

export async function mv(
  from: string,
  to: string,
  flags: { keep?: boolean; exchange?: boolean },
): Promise<void> {
  await withClusters(async (clusters) => {
    const [source, target] = pair(from, to);
    const fs = await clusters.of(source.cluster);
    const { signal } = clusters;
    const into = await fs.stat(target.path, { signal }).catch(() => undefined);
    const inside = into?.kind === "directory" && flags.exchange !== true;
    const name = source.path.replace(/^.*\//, "");
    const path = inside ? `${target.path === "/" ? "" : target.path}/${name}` : target.path;
    const options = { noReplace: flags.keep === true, exchange: flags.exchange === true, signal };
    await fs.rename(source.path, path, options);
  });
}

export async function ln(existing: string, path: string, flags: { symbolic?: boolean }): Promise<void> {
  await withClusters(async (clusters) => {
    const { signal } = clusters;
    if (flags.symbolic === true) {
      const place = clusterPlaceOf(path);
      return await (await clusters.of(place.cluster)).symlink(existing, place.path, { signal });
    }
    const [source, target] = pair(existing, path);
    await (await clusters.of(source.cluster)).link(source.path, target.path, { signal });
  });
}

export async function chmod(mode: string, paths: readonly string[]): Promise<void> {
  const bits = modeOf(mode);
  await each(paths, async (clusters, place) => {
    await (await clusters.of(place.cluster)).chmod(place.path, bits, { signal: clusters.signal });
  });
}

export async function stat(
  paths: readonly string[],
  flags: { json?: boolean; follow?: boolean },
): Promise<void> {
  await each(paths, async (clusters, place) => {
    const fs = await clusters.of(place.cluster);
    const { signal } = clusters;
    const found = await (flags.follow === true
      ? fs.stat(place.path, { signal })
      : fs.lstat(place.path, { signal }));
    if (flags.json === true) return await writeOut(`${jsonText(statJson(placeText(place), found))}\n`);
    const target = found.kind === "symlink" ? ` -> ${await fs.readlink(place.path, { signal })}` : "";
    const lines = [
      `${placeText(place)}${target}`,
      `  ${modeText(found)}  ${found.kind}  ${sizeText(found.size, true)} (${found.size} bytes)`,
      `  owner ${found.uid}:${found.gid}  links ${found.nlink}  inode ${found.inode}  data version ${found.dataVersion}`,
      `  modified ${timeText(found.mtimeNs)}  changed ${timeText(found.ctimeNs)}  made ${timeText(found.birthNs)}`,
    ];
    await writeOut(`${lines.join("\n")}\n`);
  });
}

export async function cat(paths: readonly string[]): Promise<void> {
  onReaderGone();
  await each(paths, async (clusters, place) => {
    const fs = await clusters.of(place.cluster);
    await using file = await fs.open(place.path, "r", { signal: clusters.signal });
    for await (const bytes of file.readable({ signal: clusters.signal }) as AsyncIterable<Uint8Array>) {
      if (!process.stdout.write(bytes)) await new Promise((resume) => process.stdout.once("drain", resume));
    }
  });
}

/** Octal digits, as most people write them. */
export function modeOf(text: string): number {
  if (/^[0-7]{3,4}$/.test(text)) return Number.parseInt(text, 8);
  throw usage(`${text} is no mode: write three or four octal digits, such as 755`);
}

async function each(
  paths: readonly string[],
  work: (clusters: Clusters, place: Extract<Place, { kind: "cluster" }>) => Promise<void>,
): Promise<void> {
  await withClusters(async (clusters) => {
    for (const path of paths) await work(clusters, clusterPlaceOf(path));
  });
}

function pair(
  from: string,
  to: string,
): [Extract<Place, { kind: "cluster" }>, Extract<Place, { kind: "cluster" }>] {
  const [source, target] = [clusterPlaceOf(from), clusterPlaceOf(to)];
  if (source.cluster !== target.cluster) {
    throw usage("both names are in one cluster, or it is a copy: pond fs cp");
  }
  return [source, target];
}

function usage(message: string): PondError {
  return new PondError("BAD_USAGE", { kind: "invalid", message });
}
