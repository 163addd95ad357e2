/**
 * What killed writers left beside a target: the next writer finishes a publication that had begun, and removes the rest.
 *
 * A writer works in `.<name>.pond-<owner>~<tag>` beside the target. When all of it is there it puts a file `commit` into that
 * directory, moves the old target to `replaced` and the new one, `whole`, into its place. A dead writer with `commit`
 * is rolled forward; one without has published nothing.
 */
import { type Disk, isPondError } from "@smallpond/base";
import { type Owners, ownerOfName } from "../storage/owner.ts";

export const COMMIT_FILE = "commit";

/** Leaves the target as it was or as the dead writer wanted it, whole either way. */
export async function recoverTarget(disk: Disk, path: string, owners: Owners): Promise<void> {
  const slash = path.lastIndexOf("/");
  const parent = slash === -1 ? "." : path.slice(0, Math.max(1, slash));
  const prefix = `.${path.slice(slash + 1)}.pond-`;
  for (const { name, type } of await disk.readdir(parent).catch(none)) {
    if (type !== "directory" || !name.startsWith(prefix)) continue;
    const staging = `${parent}/${name}`;
    const owner = ownerOfName(name.slice(prefix.length, name.lastIndexOf("~")));
    if (owner === undefined || owners.isAlive(owner)) continue;
    if (await disk.exists(`${staging}/${COMMIT_FILE}`)) await rollForward(disk, path, staging);
    await disk.removeTree(staging);
  }
}

async function rollForward(disk: Disk, path: string, staging: string): Promise<void> {
  if (!(await disk.exists(`${staging}/whole`))) return;
  if (await disk.exists(path)) {
    // The old one was moved away already, so this is a later writer's.
    if (await disk.exists(`${staging}/replaced`)) return;
    await disk.rename({ from: path, to: `${staging}/replaced` });
  }
  await disk.rename({ from: `${staging}/whole`, to: path });
}

function none(error: unknown): never[] {
  if (isPondError(error, "ENOENT") || isPondError(error, "ENOTDIR")) return [];
  throw error;
}
