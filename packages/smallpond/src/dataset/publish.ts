/**
 * From the files of a finished write to the target people named. Everything is written beside the target first; the
 * target changes by renames, when all of it is there.
 *
 * A new directory gets there by one rename, and so does what is appended: a directory `part-append-…` in the target,
 * which readers of directories find and readers of `target/*.parquet` do not. Replacing takes two renames; a writer
 * that dies between them is rolled forward by the next one (`recover.ts`).
 */
import { type Disk, isPondError } from "@smallpond/base";
import type { WriteMode } from "../logical/write.ts";
import type { Owner } from "../storage/owner.ts";
import { moved } from "./move.ts";
import { expectRoom, findPlace, nearestDirectory, type Place, parentOf } from "./place.ts";
import { arrange } from "./published-files.ts";
import { replaceInside, visibleEntries } from "./replace-inside.ts";
import { targetBusy, targetExists, writingError } from "./sink-errors.ts";
import { appendFolder, COMMIT_FILE, type Staging, stagingPath } from "./staging.ts";
import type { StoredDataset } from "./stored-dataset.ts";
import { syncTree } from "./sync-tree.ts";

export interface PublishTarget {
  readonly path: string;
  readonly singleFile: boolean;
  readonly mode: WriteMode;
  /** Null: if something is replaced. */
  readonly durable: boolean | null;
  /** What file names end in, without the dot. */
  readonly extension: string;
  /** Distinguishes this write from others to the same target. */
  readonly tag: string;
  /** Who may work in, and remove, the staging directory. */
  readonly owner: Owner;
}

/** Refuses early what would be refused at the end, before any work is done. */
export async function checkTarget(disk: Disk, target: PublishTarget): Promise<void> {
  try {
    const place = await findPlace(disk, target.path);
    await refuseExisting(disk, target, place);
    await expectRoom(disk, place.inside ? place.path : await nearestDirectory(disk, parentOf(place.path)));
  } catch (error) {
    throw writingError(error, target.path);
  }
}

/** Makes the directory to work in: on the target's file system, so that publishing is a rename. */
export async function openStaging(disk: Disk, target: PublishTarget): Promise<Staging> {
  try {
    const place = await findPlace(disk, target.path);
    const path = stagingPath(place, target);
    await disk.mkdir(path, { recursive: true });
    return { path, place };
  } catch (error) {
    throw writingError(error, target.path);
  }
}

/** Moves the files into place and returns where they are now. The staging is gone afterwards. */
export async function publish(
  disk: Disk,
  dataset: StoredDataset,
  target: PublishTarget,
  staging: Staging,
): Promise<StoredDataset> {
  try {
    const place = { ...(await findPlace(disk, target.path)), inside: staging.place.inside };
    await refuseExisting(disk, target, place);
    const published = target.singleFile
      ? await publishFile(disk, dataset, target, place)
      : await publishDirectory(disk, dataset, target, { path: staging.path, place });
    await disk.removeTree(staging.path);
    return published;
  } catch (error) {
    throw writingError(error, target.path);
  }
}

async function refuseExisting(disk: Disk, target: PublishTarget, place: Place): Promise<void> {
  if (place.there === "nothing") return;
  if (target.singleFile !== (place.there === "file")) {
    throw targetExists(target.path, `is a ${place.there}`, "write to another path");
  }
  if (target.singleFile && target.mode === "append") {
    throw targetExists(
      target.path,
      "is one file, which cannot be appended to",
      "write to a directory to append to it",
    );
  }
  if (target.mode !== "error") return;
  if (place.there === "file" || (await visibleEntries(disk, place.path)).length > 0) throw taken(target);
}

async function publishFile(
  disk: Disk,
  dataset: StoredDataset,
  target: PublishTarget,
  place: Place,
): Promise<StoredDataset> {
  const file = dataset.partitions[0]![0]!;
  if (target.durable ?? place.there !== "nothing") await syncTree(disk, file.path);
  if (target.mode === "error") await putFile(disk, { from: file.path, to: place.path }, target);
  else await disk.rename({ from: file.path, to: place.path });
  if (target.durable ?? place.there !== "nothing") await disk.syncDirectory(parentOf(place.path));
  return { columns: dataset.columns, partitions: [[{ ...file, path: target.path }]] };
}

/** A second name is only given where there is none; a rename would replace what came in the meantime. */
async function putFile(
  disk: Disk,
  paths: { readonly from: string; readonly to: string },
  target: PublishTarget,
): Promise<void> {
  try {
    await disk.link(paths);
  } catch (error) {
    if (isPondError(error, "EEXIST")) throw taken(target);
    // Not every file system has second names.
    if (!["EPERM", "EOTHER", "EMLINK"].some((code) => isPondError(error, code))) throw error;
    await disk.rename(paths);
  }
}

async function publishDirectory(
  disk: Disk,
  dataset: StoredDataset,
  target: PublishTarget,
  staging: Staging,
): Promise<StoredDataset> {
  const { place } = staging;
  const whole = `${staging.path}/whole`;
  const { moves, published } = arrange(dataset, { ...target, whole });
  for (const folder of moves.folders) await disk.mkdir(folder, { recursive: true });
  for (const move of moves.files) await disk.rename(move);
  const replaces = target.mode === "overwrite" && (await visibleEntries(disk, place.path)).length > 0;
  const durable = target.durable ?? replaces;
  if (durable) await syncTree(disk, whole);
  const folder = await putDirectory(disk, target, staging, whole);
  if (durable) await disk.syncDirectory(parentOf(folder === "" ? place.path : `${place.path}/${folder}`));
  return published(folder);
}

/** Returns the folder of the target that the files are in now; nothing when they are in the target itself. */
async function putDirectory(
  disk: Disk,
  target: PublishTarget,
  staging: Staging,
  whole: string,
): Promise<string> {
  const { path, inside } = staging.place;
  // Others may write to the same target: each turn finds it as somebody left it, whole.
  for (let turn = 0; turn < TURNS_MAX; turn++) {
    const entries = await visibleEntries(disk, path);
    if (target.mode === "overwrite" && !inside) {
      await replaceBeside(disk, staging, whole);
      return "";
    }
    if (inside && (entries.length === 0 || target.mode === "overwrite")) {
      await replaceInside(disk, staging.place, staging.path);
      return "";
    }
    if (entries.length === 0 && (await moved(disk, { from: whole, to: path }))) return "";
    if (target.mode === "error") throw taken(target);
    const folder = appendFolder(entries, target.tag);
    if (await moved(disk, { from: whole, to: `${path}/${folder}` })) return folder;
  }
  throw targetBusy(target.path);
}

async function replaceBeside(disk: Disk, staging: Staging, whole: string): Promise<void> {
  const { path } = staging.place;
  // From here on a writer that dies is rolled forward by the next one.
  await disk.writeFile(`${staging.path}/${COMMIT_FILE}`, "", { sync: true });
  await disk.syncDirectory(staging.path);
  for (let turn = 0; turn < TURNS_MAX; turn++) {
    if (await moved(disk, { from: whole, to: path })) return;
    await moved(disk, { from: path, to: `${staging.path}/replaced${turn === 0 ? "" : turn}` });
  }
  throw targetBusy(path);
}

/** Each turn is lost to another writer of the same target; as many at once have never been seen. */
const TURNS_MAX = 100;

function taken(target: PublishTarget): Error {
  const overwrite = 'pass { mode: "overwrite" }';
  const ways = target.singleFile ? overwrite : `${overwrite} or { mode: "append" }`;
  return targetExists(target.path, "exists already", `${ways}, or write to another path`);
}
