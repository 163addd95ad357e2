/**
 * Reads one segment of the journal back. What ends it decides everything: a frame that is not whole may be what a power cut
 * left of the last group commit, which nobody was told of, or damage to something that was acknowledged.
 *
 * The journal writes a batch only after the one before it was synced. So whole frames behind a broken one prove that the
 * broken one was synced and acknowledged: that is damage, and the store refuses to guess. Nothing but broken bytes to the
 * end is a torn tail, and is cut.
 */
import type { Crc } from "../model/pages.ts";
import { FRAME_ALIGN, readFrame } from "./frame.ts";

export interface ScannedSegment {
  /** The payloads of the batches, in order; views. */
  readonly payloads: readonly Uint8Array[];
  /** Where the last batch ends. */
  readonly end: number;
  /** The batch behind the last one. */
  readonly nextBatch: bigint;
  /** `clean`: nothing is behind the last batch. `torn`: something is that is no frame. */
  readonly tail: "clean" | "torn";
  /** Where a frame stands behind what could not be read: something synced is damaged. */
  readonly damagedAt: number | undefined;
}

export function scanSegment(
  crc: Crc,
  bytes: Uint8Array,
  from: { readonly at: number; readonly firstBatch: bigint; readonly salt: bigint },
): ScannedSegment {
  const payloads: Uint8Array[] = [];
  let { at, firstBatch: next } = from;
  for (;;) {
    const frame = readFrame(crc, bytes, at, from.salt);
    if (frame?.batch !== next) break;
    payloads.push(frame.payload);
    at += frame.bytes;
    next += 1n;
  }
  const seal = readFrame(crc, bytes, at, from.salt);
  const isSealed = seal !== undefined && seal.batch === next - 1n;
  const rest = isSealed ? at + seal.bytes : at;
  const later = findLater(crc, bytes, { at: rest, batch: next, salt: from.salt });
  const tail = isSealed || isZero(bytes.subarray(at)) ? "clean" : "torn";
  return { payloads, end: at, nextBatch: next, tail, damagedAt: later === undefined ? undefined : at };
}

/** Where the next frame of `batch` or a later one stands. */
function findLater(
  crc: Crc,
  bytes: Uint8Array,
  from: { readonly at: number; readonly batch: bigint; readonly salt: bigint },
): number | undefined {
  for (let at = from.at; at < bytes.length; at += FRAME_ALIGN) {
    const frame = readFrame(crc, bytes, at, from.salt);
    if (frame !== undefined && frame.batch >= from.batch) return at;
  }
  return undefined;
}

function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== 0) return false;
  return true;
}
