/** How much the files of a directory hold, all the way down. Files that go while it looks count as nothing. */
import { type Disk, isPondError } from "@smallpond/base";

export async function treeBytes(disk: Disk, path: string): Promise<number> {
  return (await treeBytesUpTo(disk, path, Number.POSITIVE_INFINITY)).bytes;
}

/** Looks at so many files and directories at most; `whole` says whether that was all. */
export async function treeBytesUpTo(
  disk: Disk,
  path: string,
  entriesMax: number,
): Promise<{ readonly bytes: number; readonly whole: boolean }> {
  let bytes = 0;
  let entries = 0;
  const waiting = [path];
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    for (const { name, type } of await unlessGone(() => disk.readdir(directory!), [])) {
      if (++entries > entriesMax) return { bytes, whole: false };
      const inside = `${directory}/${name}`;
      if (type === "directory") waiting.push(inside);
      if (type === "file") bytes += await unlessGone(async () => (await disk.stat(inside)).size, 0);
    }
  }
  return { bytes, whole: true };
}

async function unlessGone<T>(look: () => Promise<T>, none: T): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (isPondError(error, "ENOENT") || isPondError(error, "ENOTDIR")) return none;
    throw error;
  }
}
