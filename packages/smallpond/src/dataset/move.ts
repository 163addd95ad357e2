import { type Disk, type FromTo, isPondError } from "@smallpond/base";

/** Whether a directory could be moved: not onto one that has something in it, and not when somebody took either away. */
export async function moved(disk: Disk, paths: FromTo): Promise<boolean> {
  try {
    await disk.rename(paths);
    return true;
  } catch (error) {
    if (["ENOTEMPTY", "EEXIST", "ENOENT"].some((code) => isPondError(error, code))) return false;
    throw error;
  }
}
