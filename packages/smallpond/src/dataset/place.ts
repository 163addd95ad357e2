/** Where a target really is: behind links, on its own file system, and with room beside it or only inside. */
import { type Disk, isPondError } from "@smallpond/base";

export interface Place {
  /** The target behind all symbolic links. */
  readonly path: string;
  readonly there: "nothing" | "file" | "directory";
  /**
   * The target is where a file system is mounted, or nothing can be made beside it: it can only be changed inside. What
   * is inside is then moved entry by entry, where elsewhere one rename moves all of it.
   */
  readonly inside: boolean;
}

/** Looks only. A part of the path that is no directory is ENOTDIR. */
export async function findPlace(disk: Disk, target: string): Promise<Place> {
  for (let look = 0; look < LOOKS_MAX; look++) {
    const stat = await disk.stat(target).catch(ignoreMissing);
    if (stat === undefined) break;
    const path = await disk.realPath(target).catch(ignoreMissing);
    // Another writer, who replaces it, took it away in between.
    if (path === undefined) continue;
    if (!stat.isDirectory) return { path, there: "file", inside: false };
    const mounted = path === parentOf(path) || (await disk.stat(parentOf(path))).device !== stat.device;
    const inside = mounted || !(await canMakeIn(disk, parentOf(path)));
    return { path, there: "directory", inside };
  }
  return { path: trimmed(target), there: "nothing", inside: false };
}

/** What is taken away as often as that counts as not being there. */
const LOOKS_MAX = 100;

/** Makes and removes a directory, because permissions alone do not tell. Throws what stands against it. */
export async function expectRoom(disk: Disk, directory: string): Promise<void> {
  const probe = await disk.tempDirectory({ parent: directory, prefix: ".pond-probe-" });
  await probe[Symbol.asyncDispose]();
}

/** The nearest directory above a path, or the path itself, that is there. */
export async function nearestDirectory(disk: Disk, path: string): Promise<string> {
  for (let at = path; ; at = parentOf(at)) {
    if (await disk.exists(at)) return at;
    if (at === parentOf(at)) return at;
  }
}

export function parentOf(path: string): string {
  if (/^3fs:\/\/[^/]*$/.test(path)) return path;
  const slash = path.lastIndexOf("/");
  if (slash === -1) return ".";
  return path.slice(0, Math.max(1, slash));
}

/** The path as it is compared and renamed, without slashes at its end. */
export function trimmed(path: string): string {
  return path.length > 1 ? path.replace(/(?<=.)\/+$/, "") : path;
}

async function canMakeIn(disk: Disk, directory: string): Promise<boolean> {
  try {
    await expectRoom(disk, directory);
    return true;
  } catch (error) {
    if (["EACCES", "EPERM", "EROFS"].some((code) => isPondError(error, code))) return false;
    throw error;
  }
}

function ignoreMissing(error: unknown): undefined {
  if (isPondError(error, "ENOENT")) return undefined;
  throw error;
}
