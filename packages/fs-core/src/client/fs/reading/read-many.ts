/**
 * Reads of any open files, all of whose chunks are asked for in one batch. How far a file goes is known from its inode,
 * which may be old, so it is asked for again where that matters:
 *
 * - before a read that would go past the known end, as somebody may have written there (I3);
 * - before any read, when what is known is older than `freshMs`;
 * - after a read that found fewer bytes than the length promises. They are zeros if it is a hole, and nothing like it if
 *   the file was cut or its data replaced meanwhile: then it is read again.
 */
import type { PondError, Result, SignalOptions } from "@smallpond/base";
import type { Piece } from "@smallpond/fs-native";
import { fsError } from "../../../meta/model/errors.ts";
import type { ChunkRead, ChunkReadDone } from "../../chunks/chunk-io.ts";
import type { AskedAt } from "../asking.ts";
import type { FsContext } from "../context.ts";
import type { LocalFiles } from "../local-files.ts";
import { named } from "../naming.ts";
import { dataIn, type FileView, isSameData, type OpenFile } from "../open-file.ts";
import { bytesIn, partOf, viewOf } from "../pieces.ts";
import { checkOffset, chunkParts } from "../range.ts";

export interface ReadTask {
  readonly file: OpenFile;
  readonly offset: bigint;
  /** Filled from its start; the operation's until it has settled. */
  readonly into: Piece;
}

/** A file that is cut again and again while it is read. */
const TRIES = 16;

/** Where a task stands. */
interface Attempt {
  readonly index: number;
  readonly task: ReadTask;
  /** By what it is read; older than the last round that failed it is no good. */
  view: FileView;
  /** From its offset on, as far as the file goes. */
  length: number;
  items: readonly ChunkRead[];
}

/** Each task's count of bytes: fewer than there is memory only at the file's end. The first error is thrown. */
export async function readMany(
  context: FsContext,
  tasks: readonly ReadTask[],
  options: SignalOptions = {},
): Promise<readonly number[]> {
  for (const { file, offset } of tasks) checkRead(file, offset);
  const begun = context.asking.now();
  await Promise.all(tasks.map((task) => ownBytes(context, task)));
  const counts = new Array<number>(tasks.length).fill(0);
  let left: Attempt[] = tasks.map((task, index) => ({
    index,
    task,
    view: task.file.view,
    length: 0,
    items: [],
  }));
  for (let tries = 0; left.length > 0; tries++) {
    if (tries === TRIES) throw againAndAgain(left[0]!.task.file.path);
    await Promise.all(left.map((attempt) => prepare(context, attempt, begun, options)));
    const outcomes = await readChunks(context, left, options);
    const judged = await Promise.all(
      left.map(async (attempt, at) => ({
        attempt,
        isDone: await judge(context, attempt, outcomes[at]!, options),
      })),
    );
    for (const { attempt, isDone } of judged) if (isDone) counts[attempt.index] = attempt.length;
    left = judged.filter(({ isDone }) => !isDone).map(({ attempt }) => attempt);
  }
  return counts;
}

/** Refuses what can never be read. */
export function checkRead({ isReadable, path }: OpenFile, offset: bigint): void {
  if (!isReadable) throw fsError("EBADF", "read", path, { hint: "open it to read too: r+, w+ or a+" });
  checkOffset(offset, "read", path);
}

/** What this client wrote there goes to storage first. */
async function ownBytes({ local }: FsContext, { file, offset, into }: ReadTask): Promise<void> {
  if (!local.isDirty(file.inode)) return;
  const start = Number(offset);
  await local.flushed(file.inode, { start, end: start + bytesIn(into) });
}

/** Decides by what the task is read, and what of which chunks. */
async function prepare(
  { settings, local, bug }: FsContext,
  attempt: Attempt,
  begun: AskedAt,
  options: SignalOptions,
): Promise<void> {
  const { file, offset, into } = attempt.task;
  const end = offset + BigInt(bytesIn(into));
  attempt.view = file.view;
  const { asked, file: known } = attempt.view;
  const isOld = begun.ms - asked.ms >= settings.freshMs;
  const isPastEnd = end > known.length && bug !== "end-unasked";
  if (asked.order < begun.order && (isOld || isPastEnd)) {
    attempt.view = await refreshed(local, file, options);
  }
  const { file: inode, content } = attempt.view;
  const last = inode.length < end ? inode.length : end;
  attempt.length = last > offset ? Number(last - offset) : 0;
  attempt.items = content === undefined ? itemsOf(attempt) : [];
  if (content !== undefined && attempt.length > 0) {
    const from = Number(offset);
    viewOf(into).set(content.subarray(from, from + attempt.length));
    // Shorter than its length it never is.
    viewOf(into).fill(0, Math.max(0, content.length - from), attempt.length);
  }
}

function itemsOf({ task: { file, offset, into }, view, length }: Attempt): readonly ChunkRead[] {
  const { chunkBytes } = view.file.layout;
  const start = Number(offset);
  const data = dataIn(view.file);
  const parts = chunkParts({ start, end: start + length }, chunkBytes);
  const asked = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  // What is past the last chunk that a file can have.
  if (asked < length) viewOf(into).fill(0, asked, length);
  return parts.map(({ chunk, offset: within, at, bytes }) => ({
    data,
    chunk,
    offset: within,
    capability: file.capability,
    into: partOf(into, at, bytes),
  }));
}

/** One batch for all; the outcomes by task. */
async function readChunks(
  { chunks }: FsContext,
  attempts: readonly Attempt[],
  { signal }: SignalOptions,
): Promise<readonly (readonly Result<ChunkReadDone, PondError>[])[]> {
  const items = attempts.flatMap((attempt) => attempt.items);
  const outcomes = items.length === 0 ? [] : await chunks.read(items, { signal });
  let at = 0;
  return attempts.map((attempt) => {
    const own = outcomes.slice(at, at + attempt.items.length);
    at += attempt.items.length;
    return own;
  });
}

/** Whether what was found is the file's. */
async function judge(
  { probes, local, bug }: FsContext,
  attempt: Attempt,
  outcomes: readonly Result<ChunkReadDone, PondError>[],
  options: SignalOptions,
): Promise<boolean> {
  const { file } = attempt.task;
  const failed = outcomes.find((outcome) => !outcome.ok);
  if (failed !== undefined && !failed.ok) {
    // It was looked for by what is not so any more.
    if (!isSameData(file.view, attempt.view)) {
      probes.mark("client: a read failed by what is not so any more");
      return false;
    }
    throw named(failed.error, "read", file.path);
  }
  const isWhole = outcomes.every(
    (outcome, at) => outcome.ok && outcome.value.bytes === bytesIn(attempt.items[at]!.into),
  );
  if (isWhole || bug === "zeros-unasked") return true;
  const isHole = isSameData(await refreshed(local, file, options), attempt.view);
  probes.mark(isHole ? "client: a hole was read" : "client: a file was cut while it was read");
  return isHole;
}

async function refreshed(local: LocalFiles, file: OpenFile, options: SignalOptions): Promise<FileView> {
  // What this client wrote behind the range makes the file longer.
  if (local.isDirty(file.inode)) await local.flushed(file.inode);
  try {
    return await file.refresh(options);
  } catch (error) {
    throw named(error, "read", file.path);
  }
}

function againAndAgain(path: string): Error {
  return fsError("EAGAIN", "read", path, { reason: "it is cut again and again while it is read" });
}
