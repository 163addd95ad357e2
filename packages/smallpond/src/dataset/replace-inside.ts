/**
 * Replaces what is in a directory that cannot be replaced itself, entry by entry: a reader may see part of the old, then
 * part of the new, never both. The staging directory is inside of the target and says how far it came, so that the
 * next writer ends what a dead one had begun.
 */
import { type Disk, isPondError } from "@smallpond/base";
import { moved } from "./move.ts";
import type { Place } from "./place.ts";
import { COMMIT_FILE } from "./staging.ts";

/** There once nothing old is left. */
const CLEARED_FILE = "cleared";

/** What is in the target for its readers: not our own stagings, nor what file systems keep at their top. */
export async function visibleEntries(disk: Disk, path: string): Promise<readonly string[]> {
  const entries = await disk.readdir(path).catch((error: unknown) => {
    if (isPondError(error, "ENOENT")) return [];
    throw error;
  });
  const names = entries.map(({ name }) => name);
  return names.filter((name) => !/^\..*\.pond-/.test(name) && name !== "lost+found");
}

export async function replaceInside(disk: Disk, place: Place, staging: string): Promise<void> {
  await disk.writeFile(`${staging}/${COMMIT_FILE}`, "", { sync: true });
  await disk.syncDirectory(staging);
  await finishReplacing(disk, place, staging);
}

/** From wherever it was left. */
export async function finishReplacing(disk: Disk, place: Place, staging: string): Promise<void> {
  if (!(await disk.exists(`${staging}/${CLEARED_FILE}`))) {
    await disk.mkdir(`${staging}/replaced`, { recursive: true });
    for (const name of await visibleEntries(disk, place.path)) {
      await moved(disk, { from: `${place.path}/${name}`, to: `${staging}/replaced/${name}` });
    }
    await disk.writeFile(`${staging}/${CLEARED_FILE}`, "", { sync: true });
  }
  for (const { name } of await disk.readdir(`${staging}/whole`)) {
    await moved(disk, { from: `${staging}/whole/${name}`, to: `${place.path}/${name}` });
  }
}
