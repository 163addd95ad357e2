/** How much the files of a directory hold, all the way down. Files that go while it looks count as nothing. */
import { type Disk, isPondError } from "@smallpond/base";

export async function treeBytes(disk: Disk, path: string): Promise<number> {
  let bytes = 0;
  const waiting = [path];
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    for (const { name, type } of await unlessGone(() => disk.readdir(directory!), [])) {
      const inside = `${directory}/${name}`;
      if (type === "directory") waiting.push(inside);
      if (type === "file") bytes += await unlessGone(async () => (await disk.stat(inside)).size, 0);
    }
  }
  return bytes;
}

async function unlessGone<T>(look: () => Promise<T>, none: T): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (isPondError(error, "ENOENT") || isPondError(error, "ENOTDIR")) return none;
    throw error;
  }
}
