/** Writes a whole file: a small one together with its inode, in one transaction; a larger one through an open file. */
import { META } from "../../../cluster/meta-methods.ts";
import { isFsError } from "../../../meta/model/errors.ts";
import type { WriteFileOptions } from "../../file-system.ts";
import type { FsContext } from "../context.ts";
import { about } from "../naming.ts";
import { placeOf } from "../paths.ts";
import { openFile, thenClose } from "./open.ts";

const MODE = 0o644;

export function writeWhole(
  context: FsContext,
  path: string,
  content: Uint8Array | string,
  options: WriteFileOptions,
): Promise<void> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return about("writeFile", path, async () => {
    if (!(await writeInline(context, path, bytes, options))) await writeOpen(context, path, bytes, options);
  });
}

/** Whether that was possible: it is not for a large file, one that is being written, or a symbolic link. */
async function writeInline(
  { meta, inline, local }: FsContext,
  path: string,
  bytes: Uint8Array,
  { mode = MODE, exclusive = false, signal }: WriteFileOptions,
): Promise<boolean> {
  const named = placeOf(path, "writeFile");
  if (bytes.length > inline.bytesMax || named === undefined || named.isDirectory) return false;
  const question = { place: named.place, mode: mode & 0o7777, exclusive, bytes };
  try {
    const { inode } = await meta.change(META.writeFile, question, { signal });
    local.forget(inode.id);
    return true;
  } catch (error) {
    if (isFsError(error, "EFBIG")) inline.bytesMax = Math.min(inline.bytesMax, bytes.length - 1);
    if (isFsError(error, "EFBIG") || isFsError(error, "EBUSY") || isFsError(error, "ELOOP")) return false;
    throw error;
  }
}

async function writeOpen(
  context: FsContext,
  path: string,
  bytes: Uint8Array,
  options: WriteFileOptions,
): Promise<void> {
  const { exclusive = false, signal } = options;
  const { writer } = await openFile(context, path, exclusive ? "wx" : "w", options);
  await thenClose(writer!, () => writer!.write([bytes], 0n, { signal }));
}
