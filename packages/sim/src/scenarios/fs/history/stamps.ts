/**
 * What clients write: every 16 bytes say which write they are of and where in it they stand, and carry a checksum. So bytes
 * that were read say where they come from, and bytes that nobody wrote are seen at once (I9, I12).
 */
import { PondError } from "@smallpond/base";

/** Offsets and lengths of all writes and truncations are multiples of it. */
export const UNIT_BYTES = 16;

/** Names a write of a run, from 1. */
export type WriteId = number;

/** What no write is: a hole, or what was cut off. */
export const ZEROS: WriteId = 0;

/** Units that follow one another and are of one write. */
export interface Run {
  readonly units: number;
  readonly write: WriteId;
  /** Of the first of them in its write; 0 for zeros. */
  readonly at: number;
}

const SALT = 0x5bd1e995;

export function stamped(write: WriteId, units: number): Uint8Array {
  const bytes = new Uint8Array(units * UNIT_BYTES);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < units; at++) {
    view.setUint32(at * UNIT_BYTES, write, true);
    view.setUint32(at * UNIT_BYTES + 4, at, true);
    view.setUint32(at * UNIT_BYTES + 8, mixed(write, at), true);
    view.setUint32(at * UNIT_BYTES + 12, mixed(at ^ SALT, write), true);
  }
  return bytes;
}

/** Throws `ALIEN_BYTES` where somebody was served what nobody wrote. */
export function runsOf(bytes: Uint8Array, what: string): readonly Run[] {
  if (bytes.length % UNIT_BYTES !== 0) throw alien(`${what}: ${bytes.length} bytes are no number of units`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const runs: { units: number; write: WriteId; at: number }[] = [];
  for (let offset = 0; offset < bytes.length; offset += UNIT_BYTES) {
    const write = view.getUint32(offset, true);
    const at = view.getUint32(offset + 4, true);
    if (!isStamp(view, offset)) throw alien(`${what}: at byte ${offset} stands what nobody wrote`);
    const last = runs.at(-1);
    const goesOn = last?.write === write && (write === ZEROS || at === last.at + last.units);
    if (goesOn) last.units += 1;
    else runs.push({ units: 1, write, at });
  }
  return runs;
}

function isStamp(view: DataView, offset: number): boolean {
  const write = view.getUint32(offset, true);
  const at = view.getUint32(offset + 4, true);
  const [a, b] = [view.getUint32(offset + 8, true), view.getUint32(offset + 12, true)];
  if (write === ZEROS) return at === 0 && a === 0 && b === 0;
  return a === mixed(write, at) && b === mixed(at ^ SALT, write);
}

function mixed(a: number, b: number): number {
  let hash = Math.imul(a ^ SALT, 0x85ebca6b) ^ Math.imul(b + 1, 0xc2b2ae35);
  hash ^= hash >>> 15;
  return Math.imul(hash, 0x27d4eb2d) >>> 0;
}

function alien(message: string): PondError<"ALIEN_BYTES"> {
  return new PondError("ALIEN_BYTES", { kind: "internal", message });
}
