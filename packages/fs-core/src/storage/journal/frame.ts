/**
 * What the journal writes in one piece: the records of one group commit behind a head of 32 bytes, filled up with zeros to
 * a multiple of 4 KiB, so that no write ever touches a sector that holds synced bytes.
 *
 *   magic u32 | payload bytes u32 | batch u64 | salt u64 | CRC-32C of the payload u32 | CRC-32C of the 28 bytes before u32
 *
 * The salt is the generation of the target. Bytes of users stand in payloads, and among them may be a copy of some journal:
 * without the salt a search for frames would take that for ours.
 */
import { assert } from "@smallpond/base";
import type { Crc } from "../model/pages.ts";

export const FRAME_ALIGN = 4096;
export const FRAME_HEAD_BYTES = 32;
const MAGIC = 0x314a4350;

export interface Frame {
  /** Rises by one with each; a frame that repeats the number before it says that one was synced. */
  readonly batch: bigint;
  readonly payload: Uint8Array;
  /** On disk, with head and filling. */
  readonly bytes: number;
}

export function frameBytes(payloadBytes: number): number {
  return Math.ceil((FRAME_HEAD_BYTES + payloadBytes) / FRAME_ALIGN) * FRAME_ALIGN;
}

/** The frame of a payload that already stands behind the head's room, in memory of `frameBytes`. */
export function putFrame(
  crc: Crc,
  memory: Uint8Array,
  frame: { readonly batch: bigint; readonly salt: bigint; readonly payloadBytes: number },
): void {
  const { batch, salt, payloadBytes } = frame;
  assert(memory.length === frameBytes(payloadBytes), "a frame fills its memory");
  const view = new DataView(memory.buffer, memory.byteOffset, memory.length);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, payloadBytes, true);
  view.setBigUint64(8, batch, true);
  view.setBigUint64(16, salt, true);
  view.setUint32(24, crc.of(memory.subarray(FRAME_HEAD_BYTES, FRAME_HEAD_BYTES + payloadBytes)), true);
  view.setUint32(28, crc.of(memory.subarray(0, 28)), true);
  memory.fill(0, FRAME_HEAD_BYTES + payloadBytes);
}

/** A payload as a frame of its own memory. */
export function makeFrame(
  crc: Crc,
  payload: Uint8Array,
  { batch, salt }: { readonly batch: bigint; readonly salt: bigint },
): Uint8Array {
  const memory = new Uint8Array(frameBytes(payload.length));
  memory.set(payload, FRAME_HEAD_BYTES);
  putFrame(crc, memory, { batch, salt, payloadBytes: payload.length });
  return memory;
}

/** The frame at `at`, its payload a view; undefined unless every byte of it is as it was written. */
export function readFrame(crc: Crc, bytes: Uint8Array, at: number, salt: bigint): Frame | undefined {
  if (at + FRAME_HEAD_BYTES > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  if (view.getUint32(0, true) !== MAGIC || view.getBigUint64(16, true) !== salt) return undefined;
  if (view.getUint32(28, true) !== crc.of(bytes.subarray(at, at + 28))) return undefined;
  const start = at + FRAME_HEAD_BYTES;
  const end = start + view.getUint32(4, true);
  if (end > bytes.length) return undefined;
  const payload = bytes.subarray(start, end);
  if (view.getUint32(24, true) !== crc.of(payload)) return undefined;
  return { batch: view.getBigUint64(8, true), payload, bytes: frameBytes(payload.length) };
}
