/** Copies a file through this client: pieces are read and written side by side, each from the memory it was read into. */
import type { SignalOptions } from "@smallpond/base";
import type { BufferLease } from "@smallpond/fs-native";
import { fsError, isFsError } from "../../../meta/model/errors.ts";
import type { CopyOptions } from "../../file-system.ts";
import { mapSideBySide, unlessAborted } from "../abort.ts";
import type { FsContext } from "../context.ts";
import { about } from "../naming.ts";
import type { OpenFile } from "../open-file.ts";
import { partOf } from "../pieces.ts";
import { readMany } from "../reading/read-many.ts";
import type { FileWriter } from "../writing/file-writer.ts";
import { inodeAt } from "./inode-at.ts";
import { openFile, thenClose } from "./open.ts";
import { writeWhole } from "./write-file.ts";

/** Of the length that it has when it is opened. The copy gets the mode of the file, where it is made. */
export function copyFile(context: FsContext, from: string, to: string, options: CopyOptions): Promise<void> {
  const { exclusive = false, signal, onProgress } = options;
  return about("copy", from, async () => {
    const { local } = context;
    const untold = local.untold();
    const { file } = await openFile(context, from, "r", { signal });
    if (untold.has(file.inode)) {
      await unlessAborted(local.flushed(file.inode), signal);
      await file.refresh({ signal });
    }
    const { mode, length } = file.view.file;
    await refuseItself(context, file, to, { signal });
    if (file.view.content !== undefined) {
      const content = file.view.content;
      await writeWhole(context, to, content, { mode, exclusive, signal });
      onProgress?.(content.length);
      return;
    }
    const { writer } = await openFile(context, to, exclusive ? "wx" : "w", { mode, signal });
    await thenClose(writer!, () => copyBytes(context, { file, writer: writer!, length }, options));
  });
}

/** Emptying the one would empty the other. */
async function refuseItself(
  context: FsContext,
  file: OpenFile,
  to: string,
  options: SignalOptions,
): Promise<void> {
  try {
    const there = await inodeAt(context, to, { follow: true, ...options });
    if (there.id !== file.inode) return;
  } catch (error) {
    if (isFsError(error, "ENOENT")) return;
    throw error;
  }
  throw fsError("EINVAL", "copy", to, { reason: "it is the file that is copied" });
}

async function copyBytes(
  context: FsContext,
  { file, writer, length }: { readonly file: OpenFile; readonly writer: FileWriter; readonly length: bigint },
  { signal, onProgress }: CopyOptions,
): Promise<void> {
  const { streamBlockBytes, streamBlocks } = context.settings;
  const blocks = Math.ceil(Number(length) / streamBlockBytes);
  let done = 0;
  const copyBlock = async (block: number): Promise<void> => {
    const offset = BigInt(block) * BigInt(streamBlockBytes);
    const rest = length - offset;
    const bytes = rest < BigInt(streamBlockBytes) ? Number(rest) : streamBlockBytes;
    const lease = leaseOf(context, bytes);
    try {
      const memory = lease ?? new Uint8Array(bytes);
      const [count] = await readMany(context, [{ file, offset, into: memory }], { signal });
      await writer.writeThrough([partOf(memory, 0, count!)], offset, { signal });
      done += count!;
      onProgress?.(done);
    } finally {
      lease?.release();
    }
  };
  await mapSideBySide({ length: blocks } as readonly undefined[], streamBlocks, (_, block) =>
    copyBlock(block),
  );
}

function leaseOf({ pool }: FsContext, bytes: number): BufferLease | undefined {
  return bytes > pool.settings.regionBytes ? undefined : pool.tryTake(bytes);
}
