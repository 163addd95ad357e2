/**
 * Gives space back. Files end where their last block is, so chunks whose blocks lie far behind move to free blocks further
 * ahead, and then the ends are cut off.
 */
import type { SignalOptions } from "@smallpond/base";
import { blockId, bytesOf, CLASS_MAX, CLASS_MIN, classOf, indexOf } from "../blocks/block-id.ts";
import { type ChunkKey, keyText } from "../model/chunk.ts";
import { pagesOf } from "../model/pages.ts";
import { record, type StoreParts } from "../store/parts.ts";
import { committedView } from "../store/views.ts";
import { writeBlock } from "../store/write-pages.ts";
import { giveUp } from "./update.ts";

/** Chunks looked at between two turns of other work. */
const LOOK_CHUNKS = 1024;

export async function compact(
  parts: StoreParts,
  options: { readonly bytes: number } & SignalOptions,
): Promise<number> {
  const ends = endsOf(parts);
  let left = options.bytes;
  if (ends.size > 0) {
    for await (const key of misplaced(parts, ends)) {
      options.signal?.throwIfAborted();
      if (left <= 0) break;
      left -= await move(parts, key, ends);
    }
  }
  // What was moved is free once the journal says so durably.
  await parts.journal.sync();
  parts.space.sweep();
  const given = await parts.space.shrink();
  if (given > 0) parts.probes.mark("store: space given back");
  return given;
}

/** For each class with blocks to spare: how many it would have if all that are in use lay side by side. */
function endsOf({ space }: StoreParts): ReadonlyMap<number, number> {
  const ends = new Map<number, number>();
  for (let sizeClass = CLASS_MIN; sizeClass <= CLASS_MAX; sizeClass++) {
    const { used, capacity } = space.allocatorOf(sizeClass);
    if (used < capacity) ends.set(sizeClass, used);
  }
  return ends;
}

/** Chunks whose block lies behind the end that their class should have. */
async function* misplaced(parts: StoreParts, ends: ReadonlyMap<number, number>): AsyncGenerator<ChunkKey> {
  let looked = 0;
  for (const { key, chunk } of parts.state.index.from()) {
    if (++looked % LOOK_CHUNKS === 0) await parts.clock.sleep(0);
    if (isMisplaced(chunk.block, ends)) yield key;
  }
}

function isMisplaced(block: number, ends: ReadonlyMap<number, number>): boolean {
  const end = ends.get(classOf(block));
  return end !== undefined && indexOf(block) >= end;
}

/** Moves a chunk to the first free block of its class, if that lies further ahead; the bytes moved. */
async function move(parts: StoreParts, key: ChunkKey, ends: ReadonlyMap<number, number>): Promise<number> {
  using _turn = await parts.locks.take(keyText(key));
  // A pending patch belongs to the block it was made for.
  if (parts.state.pendings.get(key) !== undefined) return 0;
  const view = await committedView(parts, key);
  if (view === undefined) return 0;
  try {
    if (view.length === 0) return 0;
    if (!isMisplaced(view.block, ends) || !parts.space.isSole(view.block)) return 0;
    const { length, block: from } = view;
    const first = parts.space.allocatorOf(classOf(from)).firstFree();
    if (first === undefined || first >= indexOf(from)) return 0;
    const whole = { kind: "block", length, firstPage: 0, endPage: pagesOf(length), imagesEnd: 0 } as const;
    const plan = { ...whole, from: 0, to: 0 };
    const target = parts.space.takeAt(blockId(classOf(from), first));
    const request = { key, plan, bytes: new Uint8Array(0), before: view, mayRefuse: true, block: target };
    const { block, sums } = await writeBlock(parts, request);
    try {
      await record(parts, { kind: "move", key, version: view.version, block, sums });
    } catch (error) {
      giveUp(parts, block);
      throw error;
    }
    return bytesOf(from);
  } finally {
    view.release();
  }
}
