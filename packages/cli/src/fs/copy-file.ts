/**
 * Copies one file: under a name of its own beside the target, which it gets when it is whole and durable. What an earlier
 * try left under that name is gone on with, from the last whole piece, if the source has not changed since.
 */
import { PondError } from "@smallpond/base";
import { newCrc32c } from "@smallpond/fs-native";
import type { Side, SideFile, SideStat } from "./side.ts";

export interface CopyOptions {
  readonly signal: AbortSignal;
  readonly resume: boolean;
  readonly verify: boolean;
  readonly onBytes: (bytes: number) => void;
}

export interface FileEnds {
  readonly from: Side;
  readonly to: Side;
  readonly source: string;
  readonly target: string;
}

export type CopyOutcome = "copied" | "same";

const PIECE_BYTES = 4 * 2 ** 20;
const PIECES_AT_ONCE = 4;

export async function copyFile(ends: FileEnds, stat: SideStat, options: CopyOptions): Promise<CopyOutcome> {
  const { from, to, source, target } = ends;
  if (options.resume && isSame(stat, await to.stat(target))) {
    options.onBytes(stat.size);
    return "same";
  }
  const part = partName(target);
  const done = options.resume ? await begun(to, part, stat) : 0;
  const reading = await from.open(source);
  try {
    const writing = await to.openToWrite(part);
    try {
      options.onBytes(done);
      await movePieces({ reading, writing }, { start: done, end: stat.size, source }, options);
      await writing.finish();
    } finally {
      await writing.close();
    }
  } finally {
    await reading.close();
  }
  const after = await from.stat(source);
  if (after === undefined || !isSame(after, stat)) throw changed(source);
  if (options.verify) await verify(ends, part, stat, options);
  await to.setTimes(part, stat.mtimeMs);
  await to.rename(part, target);
  return "copied";
}

/** Of a copy that is not finished. */
export function partName(target: string): string {
  return target.replace(/[^/]+$/, ".$&.pond-part");
}

function isSame(a: SideStat, b: SideStat | undefined): boolean {
  return b?.kind === "file" && a.size === b.size && a.mtimeMs === b.mtimeMs;
}

/** Where to go on: at the last whole piece but one, because pieces are written side by side. */
async function begun(to: Side, part: string, stat: SideStat): Promise<number> {
  const found = await to.stat(part);
  // Older than the source: of another version of it.
  if (found === undefined || found.size > stat.size || found.mtimeMs < stat.mtimeMs) return 0;
  const whole = Math.floor(found.size / PIECE_BYTES) - PIECES_AT_ONCE;
  return Math.max(0, whole) * PIECE_BYTES;
}

async function movePieces(
  files: { readonly reading: SideFile; readonly writing: SideFile },
  range: { readonly start: number; readonly end: number; readonly source: string },
  { signal, onBytes }: CopyOptions,
): Promise<void> {
  let next = range.start;
  const work = async (): Promise<void> => {
    const buffer = new Uint8Array(Math.min(PIECE_BYTES, range.end - range.start));
    while (next < range.end) {
      signal.throwIfAborted();
      const at = next;
      const bytes = buffer.subarray(0, Math.min(PIECE_BYTES, range.end - at));
      next += bytes.length;
      if ((await files.reading.readAt(bytes, at)) < bytes.length) throw changed(range.source);
      await files.writing.writeAt(bytes, at);
      onBytes(bytes.length);
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: PIECES_AT_ONCE }, work));
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}

/** Reads both back and compares checksums, piece by piece. */
async function verify(ends: FileEnds, part: string, stat: SideStat, { signal }: CopyOptions): Promise<void> {
  const crc = newCrc32c();
  const [a, b] = [await ends.from.open(ends.source), await ends.to.open(part)];
  try {
    const [left, right] = [new Uint8Array(PIECE_BYTES), new Uint8Array(PIECE_BYTES)];
    for (let at = 0; at < stat.size; at += PIECE_BYTES) {
      signal.throwIfAborted();
      const [x, y] = await Promise.all([a.readAt(left, at), b.readAt(right, at)]);
      if (x !== y || crc.of(left.subarray(0, x)) !== crc.of(right.subarray(0, y))) {
        throw new PondError("COPY_DIFFERS", {
          kind: "corrupt",
          message: `the copy of ${ends.source} differs from it within ${PIECE_BYTES} bytes from ${at} on`,
          hint: `look at ${part}; copy it again without --resume`,
        });
      }
    }
  } finally {
    await Promise.all([a.close(), b.close()]);
  }
}

function changed(source: string): PondError {
  return new PondError("FILE_CHANGED", {
    kind: "conflict",
    message: `${source} changed while it was copied`,
    hint: "copy it again when nobody writes it",
  });
}
