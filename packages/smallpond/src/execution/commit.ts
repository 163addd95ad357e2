/**
 * How a task's output counts whole and once, whatever crashes or runs twice (invariant S2).
 *
 * Every attempt writes a directory of its own, which is never renamed. A marker that is put only if it is absent names
 * the files of the attempt that counts; every other attempt removes what it wrote and goes by the marker.
 */
import { type Disk, isPondError } from "@smallpond/base";
import type { Output, WrittenFile } from "./task.ts";

/** Runs `write` unless another attempt has counted already; returns the files that count. */
export async function commitOnce(
  disk: Disk,
  output: Output,
  write: () => Promise<readonly WrittenFile[]>,
): Promise<readonly WrittenFile[]> {
  if (await disk.exists(output.marker)) return await committedFiles(disk, output);
  const files = await write();
  if (await putMarker(disk, output, files)) return files;
  await disk.removeTree(output.directory);
  return await committedFiles(disk, output);
}

/** Whether the marker is this attempt's. It appears whole, because it is a second name of a finished file. */
async function putMarker(disk: Disk, output: Output, files: readonly WrittenFile[]): Promise<boolean> {
  const draft = `${output.directory}.files`;
  await disk.writeFile(draft, JSON.stringify(files));
  try {
    await disk.link({ from: draft, to: output.marker });
    return true;
  } catch (error) {
    if (isPondError(error, "EEXIST")) return false;
    throw error;
  } finally {
    await disk.unlink(draft);
  }
}

async function committedFiles(disk: Disk, output: Output): Promise<readonly WrittenFile[]> {
  return JSON.parse(new TextDecoder().decode(await disk.readFile(output.marker))) as WrittenFile[];
}
