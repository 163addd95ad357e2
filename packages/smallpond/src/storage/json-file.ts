/** Small JSON files that are replaced whole: who reads one sees the old or the new. */
import { type Disk, isPondError } from "@smallpond/base";

export async function writeJson(disk: Disk, path: string, value: unknown): Promise<void> {
  const next = `${path}.new`;
  await disk.writeFile(next, `${JSON.stringify(value, null, 2)}\n`);
  await disk.rename({ from: next, to: path });
}

/** What the file holds; undefined when there is none, or what is there was cut short. */
export async function readJson<T>(disk: Disk, path: string): Promise<T | undefined> {
  try {
    return JSON.parse(new TextDecoder().decode(await disk.readFile(path))) as T;
  } catch (error) {
    if (isPondError(error, "ENOENT") || isPondError(error, "ENOTDIR") || error instanceof SyntaxError)
      return undefined;
    throw error;
  }
}
