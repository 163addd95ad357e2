/**
 * From the files of a finished write to the target people named. Everything is written beside the target first; the
 * target changes by renames, when all of it is there.
 */
import { type Disk, isPondError, PondError } from "@smallpond/base";
import type { WriteMode } from "../logical/write-parquet.ts";
import { type Owner, ownerName } from "../storage/owner.ts";
import { COMMIT_FILE } from "./recover.ts";
import type { StoredDataset, StoredFile } from "./stored-dataset.ts";

export interface PublishTarget {
  readonly path: string;
  readonly singleFile: boolean;
  readonly mode: WriteMode;
  /** Distinguishes the files of this write from others in the same directory. */
  readonly tag: string;
  /** Who may work in, and remove, the staging directory. */
  readonly owner: Owner;
}

/** Refuses early what would be refused at the end, before any work is done. */
export async function checkTarget(disk: Disk, target: PublishTarget): Promise<void> {
  const path = trimmed(target.path);
  const stat = await disk.stat(path).catch(ignoreMissing);
  if (stat === undefined) return;
  if (target.singleFile !== stat.isFile) {
    throw targetError(path, target.singleFile ? "is a directory" : "is a file", "write to another path");
  }
  if (target.singleFile && target.mode === "append") {
    throw targetError(
      path,
      "is one file, which cannot be appended to",
      "write to a directory to append to it",
    );
  }
  if (target.mode !== "error") return;
  if (stat.isFile || (await disk.readdir(path)).length > 0) {
    throw targetError(
      path,
      "exists already",
      'pass { mode: "overwrite" } or { mode: "append" }, or write to another path',
    );
  }
}

/** Where the attempts of a write go: beside the target, so that publishing is a rename on one file system. */
export function stagingPath(target: PublishTarget): string {
  const path = trimmed(target.path);
  const slash = path.lastIndexOf("/");
  return `${path.slice(0, slash + 1)}.${path.slice(slash + 1)}.pond-${ownerName(target.owner)}~${target.tag}`;
}

/** Moves the files into place and returns where they are now. `staging` is gone afterwards. */
export async function publish(
  disk: Disk,
  dataset: StoredDataset,
  target: PublishTarget,
): Promise<StoredDataset> {
  await checkTarget(disk, target);
  const path = trimmed(target.path);
  const staging = stagingPath(target);
  const published = target.singleFile
    ? await publishFile(disk, dataset, path)
    : await publishDirectory(disk, dataset, { path, staging, target });
  await disk.removeTree(staging);
  return published;
}

async function publishFile(disk: Disk, dataset: StoredDataset, path: string): Promise<StoredDataset> {
  const file = dataset.partitions[0]![0]!;
  await disk.rename({ from: file.path, to: path });
  return { columns: dataset.columns, partitions: [[{ ...file, path }]] };
}

async function publishDirectory(
  disk: Disk,
  dataset: StoredDataset,
  { path, staging, target }: { path: string; staging: string; target: PublishTarget },
): Promise<StoredDataset> {
  const append = target.mode === "append" && (await disk.exists(path));
  const whole = `${staging}/whole`;
  if (!append) await disk.mkdir(whole);
  const partitions: StoredFile[][] = [];
  for (const [partition, files] of dataset.partitions.entries()) {
    const moved: StoredFile[] = [];
    for (const [i, file] of files.entries()) {
      const name = fileName(partition, i, append ? `-${target.tag}` : "");
      await disk.rename({ from: file.path, to: `${append ? path : whole}/${name}` });
      moved.push({ ...file, path: `${path}/${name}` });
    }
    partitions.push(moved);
  }
  if (!append) await replaceDirectory(disk, { whole, path, staging });
  return { columns: dataset.columns, partitions };
}

async function replaceDirectory(
  disk: Disk,
  { whole, path, staging }: { whole: string; path: string; staging: string },
): Promise<void> {
  // From here on a writer that dies is rolled forward by the next one.
  await disk.writeFile(`${staging}/${COMMIT_FILE}`, "", { sync: true });
  await disk.syncDirectory(staging);
  if (await disk.exists(path)) await disk.rename({ from: path, to: `${staging}/replaced` });
  await disk.rename({ from: whole, to: path });
}

function fileName(partition: number, index: number, suffix: string): string {
  const number = String(partition).padStart(5, "0");
  return `part-${number}${index === 0 ? "" : `-${index}`}${suffix}.parquet`;
}

/** The path as it is compared and renamed, without slashes at its end. */
export function trimmed(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, "") : path;
}

function ignoreMissing(error: unknown): undefined {
  if (isPondError(error, "ENOENT")) return undefined;
  throw error;
}

function targetError(path: string, what: string, hint: string): PondError {
  return new PondError("TARGET_EXISTS", {
    kind: "invalid",
    message: `${path} ${what}`,
    details: { path },
    hint,
  });
}
