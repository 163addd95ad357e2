/** Sends bytes of one file to its chunks, in one batch. */
import type { SignalOptions } from "@smallpond/base";
import type { Piece } from "@smallpond/fs-native";
import type { ChunkWrite } from "../../chunks/chunk-io.ts";
import type { FsContext } from "../context.ts";
import { named } from "../naming.ts";
import { dataIn } from "../open-file.ts";
import { bytesInAll, partOfAll } from "../pieces.ts";
import { chunkParts } from "../range.ts";
import type { WritableFile } from "../writable-file.ts";
import type { Written } from "./written.ts";

export interface Extent {
  readonly start: number;
  /** One after another. */
  readonly pieces: readonly Piece[];
}

export interface SendOptions extends SignalOptions {
  /** As it was known when the extents' places were decided. */
  readonly truncateVersion: number;
}

/** When it resolves all of it is with storage, as durably as targets are. What is told of it goes to `written`. */
export async function send(
  { chunks }: FsContext,
  file: WritableFile,
  written: Written,
  extents: readonly Extent[],
  { truncateVersion, signal }: SendOptions,
): Promise<void> {
  const items = extents.flatMap((extent) => itemsOf(file, extent));
  if (items.length === 0) return;
  const outcomes = await chunks.write(items, { signal }).catch((error: unknown) => {
    // Nobody says which of them happened.
    written.unknown();
    throw named(error, "write", file.path);
  });
  let failure: unknown;
  const { chunkBytes } = file.view.file.layout;
  for (const [at, outcome] of outcomes.entries()) {
    const { chunk, offset, bytes } = items[at]!;
    if (outcome.ok) {
      written.acknowledged(chunk * chunkBytes + offset + bytesInAll(bytes), truncateVersion);
    } else {
      if (outcome.error.kind === "unknown-outcome") written.unknown();
      failure ??= named(outcome.error, "write", file.path);
    }
  }
  if (failure !== undefined) throw failure;
}

function itemsOf(file: WritableFile, { start, pieces }: Extent): readonly ChunkWrite[] {
  const { file: inode } = file.view;
  const { capability, session } = file;
  const data = dataIn(inode);
  const end = start + bytesInAll(pieces);
  return chunkParts({ start, end }, inode.layout.chunkBytes).map(({ chunk, offset, at, bytes }) => ({
    data,
    chunk,
    offset,
    capability,
    session,
    bytes: partOfAll(pieces, at, bytes),
  }));
}
