/**
 * What killed writers left at a target: the next writer finishes a publication that had begun, and removes the rest.
 *
 * A writer works in `.<name>.pond-<owner>~<tag>` beside the target, or inside of it where it has to. When all of it is
 * there it puts a file `commit` into that directory, moves the old target to `replaced` and the new one, `whole`, into
 * its place. A dead writer with `commit` is rolled forward; one without has published nothing.
 */
import { type Disk, isPondError } from "@smallpond/base";
import { type Owners, ownerOfName } from "../storage/owner.ts";
import { moved } from "./move.ts";
import { findPlace, type Place, parentOf } from "./place.ts";
import { finishReplacing } from "./replace-inside.ts";
import { COMMIT_FILE, type Staging, stagingPrefix } from "./staging.ts";

/** Leaves the target as it was or as the dead writer wanted it, whole either way. */
export async function recoverTarget(disk: Disk, path: string, owners: Owners): Promise<void> {
  const place = await findPlace(disk, path).catch(none);
  if (place === undefined) return;
  for (const inside of [false, true]) {
    if (inside && place.there !== "directory") continue;
    const prefix = stagingPrefix(place.path, inside);
    const names = await disk.readdir(inside ? place.path : parentOf(place.path)).catch(none);
    for (const { name, type } of names ?? []) {
      const staging = `${prefix.slice(0, prefix.lastIndexOf("/") + 1)}${name}`;
      if (type !== "directory" || !staging.startsWith(prefix)) continue;
      const owner = ownerOfName(staging.slice(prefix.length, staging.lastIndexOf("~")));
      if (owner === undefined || owners.isAlive(owner)) continue;
      if (await disk.exists(`${staging}/${COMMIT_FILE}`))
        await rollForward(disk, { ...place, inside }, staging);
      await disk.removeTree(staging);
    }
  }
}

/** Removes what a failed write leaves; a publication that had begun is ended first, or left for the next writer. */
export async function abandonStaging(disk: Disk, { path, place }: Staging): Promise<void> {
  if (await disk.exists(`${path}/${COMMIT_FILE}`)) await rollForward(disk, place, path);
  await disk.removeTree(path);
}

/** Several next writers may do so at once: each step is one that only the first of them can take. */
async function rollForward(disk: Disk, place: Place, staging: string): Promise<void> {
  const whole = { from: `${staging}/whole`, to: place.path };
  if (!(await disk.exists(whole.from))) return;
  if (place.inside) return await finishReplacing(disk, place, staging);
  if (await moved(disk, whole)) return;
  // The old one was moved away already, so this is a later writer's.
  if (await disk.exists(`${staging}/replaced`)) return;
  await moved(disk, { from: place.path, to: `${staging}/replaced` });
  await moved(disk, whole);
}

function none(error: unknown): undefined {
  const codes = ["ENOENT", "ENOTDIR", "EACCES", "EPERM"];
  if (codes.some((code) => isPondError(error, code))) return undefined;
  throw error;
}
