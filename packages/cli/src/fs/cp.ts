/** `pond fs cp`: files and directories into, out of and within clusters, several at a time. */
import { formatBytes, PondError } from "@smallpond/base";
import { jsonText } from "../output/json-text.ts";
import { writeOut } from "../output/write-out.ts";
import { type CopyOptions, copyFile, partName } from "./copy-file.ts";
import { joined, nameOf, type Place, placeOf, placeText } from "./place.ts";
import { clusterSide, localSide, type Side, type SideStat } from "./side.ts";
import { type Clusters, withClusters } from "./with-clusters.ts";

export interface CpFlags {
  readonly recursive?: boolean;
  readonly resume?: boolean;
  readonly verify?: boolean;
  readonly jobs?: string;
  readonly json?: boolean;
}

const JOBS = 8;
const JOBS_MAX = 256;
const PROGRESS_MS = 500;

interface FileToCopy {
  readonly source: Place;
  readonly target: Place;
  readonly stat: SideStat;
}

interface Totals {
  files: number;
  same: number;
  bytes: number;
}

export async function cp(paths: readonly string[], flags: CpFlags): Promise<void> {
  const [to, ...from] = [...paths].reverse();
  if (to === undefined || from.length === 0) throw usage("what to copy, and where to");
  const jobs = jobsOf(flags.jobs);
  await withClusters(async (clusters) => {
    const copy = new Copy(clusters, flags, jobs);
    await copy.run(from.reverse().map(placeOf), placeOf(to));
    const { files, same, bytes } = copy.totals;
    if (flags.json === true) await writeOut(`${jsonText({ files, same, bytes })}\n`);
  });
}

class Copy {
  readonly totals: Totals = { files: 0, same: 0, bytes: 0 };
  readonly #clusters: Clusters;
  readonly #flags: CpFlags;
  readonly #jobs: number;
  readonly #sides = new Map<string, Side>();
  readonly #startedMs = performance.now();
  #shownMs = 0;

  constructor(clusters: Clusters, flags: CpFlags, jobs: number) {
    this.#clusters = clusters;
    this.#flags = flags;
    this.#jobs = jobs;
  }

  async run(sources: readonly Place[], to: Place): Promise<void> {
    const into = await (await this.#side(to)).stat(to.path);
    if (sources.length > 1 && into?.kind !== "directory") {
      throw usage(`${placeText(to)} is no directory, and several things are to be copied`);
    }
    for (const source of sources) {
      const stat = await (await this.#side(source)).stat(source.path);
      if (stat === undefined) throw missing(source);
      const target = into?.kind === "directory" ? joined(to, nameOf(source)) : to;
      if (stat.kind === "directory" && this.#flags.recursive !== true) {
        throw usage(`${placeText(source)} is a directory: --recursive copies it`);
      }
      await this.#all(this.#walk({ source, target, stat }));
    }
    this.#show(true);
  }

  /** Files below, each directory made before what is in it. */
  async *#walk(item: FileToCopy): AsyncGenerator<FileToCopy> {
    if (item.stat.kind !== "directory") {
      if (item.stat.kind === "file") yield item;
      else console.error(`${placeText(item.source)} is no file: left out`);
      return;
    }
    const [from, to] = [await this.#side(item.source), await this.#side(item.target)];
    await to.mkdir(item.target.path);
    for await (const name of from.list(item.source.path)) {
      const source = joined(item.source, name);
      const stat = await from.stat(source.path);
      // Removed since, or a link that leads nowhere.
      if (stat === undefined) console.error(`${placeText(source)} leads nowhere: left out`);
      else if (!isPart(name)) yield* this.#walk({ source, target: joined(item.target, name), stat });
    }
  }

  /** The first that fails stops the others. */
  async #all(files: AsyncGenerator<FileToCopy>): Promise<void> {
    let failed: { readonly error: unknown } | undefined;
    const work = async (): Promise<void> => {
      for (;;) {
        const next = failed === undefined ? await files.next() : undefined;
        if (next === undefined || next.done === true) return;
        await this.#one(next.value);
      }
    };
    const guarded = (): Promise<void> =>
      work().catch((error: unknown) => {
        failed ??= { error };
      });
    await Promise.all(Array.from({ length: this.#jobs }, guarded));
    if (failed !== undefined) throw failed.error;
  }

  async #one({ source, target, stat }: FileToCopy): Promise<void> {
    const ends = {
      from: await this.#side(source),
      to: await this.#side(target),
      source: source.path,
      target: target.path,
    };
    const { resume = false, verify = false } = this.#flags;
    const options: CopyOptions = {
      signal: this.#clusters.signal,
      resume,
      verify,
      onBytes: (bytes) => {
        this.totals.bytes += bytes;
        this.#show(false);
      },
    };
    const outcome = await copyFile(ends, stat, options);
    this.totals.files += 1;
    if (outcome === "same") this.totals.same += 1;
  }

  async #side(place: Place): Promise<Side> {
    const name = place.kind === "local" ? "" : place.cluster;
    let side = this.#sides.get(name);
    if (side === undefined) {
      side =
        place.kind === "local"
          ? localSide()
          : clusterSide(await this.#clusters.of(place.cluster), this.#clusters.signal);
      this.#sides.set(name, side);
    }
    return side;
  }

  #show(last: boolean): void {
    if (!process.stderr.isTTY) return;
    const nowMs = performance.now();
    if (!last && nowMs - this.#shownMs < PROGRESS_MS) return;
    this.#shownMs = nowMs;
    const { files, bytes } = this.totals;
    const rate = bytes / Math.max(0.001, (nowMs - this.#startedMs) / 1000);
    process.stderr.write(
      `\r\x1b[K${files} files, ${formatBytes(bytes)}, ${formatBytes(rate)}/s${last ? "\n" : ""}`,
    );
  }
}

function isPart(name: string): boolean {
  return name.endsWith(".pond-part") && partName(name.slice(1, -".pond-part".length)) === name;
}

function jobsOf(text: string | undefined): number {
  const jobs = text === undefined ? JOBS : Number(text);
  if (Number.isInteger(jobs) && jobs >= 1 && jobs <= JOBS_MAX) return jobs;
  throw usage(`--jobs is a number from 1 to ${JOBS_MAX}, not ${text}`);
}

function missing(place: Place): PondError {
  return new PondError("FILE_NOT_FOUND", { kind: "invalid", message: `there is no ${placeText(place)}` });
}

function usage(message: string): PondError {
  return new PondError("BAD_USAGE", { kind: "invalid", message });
}
