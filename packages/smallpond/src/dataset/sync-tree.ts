import type { Disk } from "@smallpond/base";

/** Waits until a file, or a directory with all that is in it, is on the disk: contents first, then names. */
export async function syncTree(disk: Disk, path: string): Promise<void> {
  if ((await disk.stat(path)).isFile) {
    await using file = await disk.open(path, { read: true });
    return await file.sync();
  }
  const paths = (await disk.readdir(path)).map(({ name }) => `${path}/${name}`);
  // Together the disk writes them in an order of its own.
  for (let i = 0; i < paths.length; i += FILES_AT_ONCE) {
    await Promise.all(paths.slice(i, i + FILES_AT_ONCE).map((one) => syncTree(disk, one)));
  }
  await disk.syncDirectory(path);
}

const FILES_AT_ONCE = 8;
