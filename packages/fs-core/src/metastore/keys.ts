/** Keys: parts one after another, so that rows that are read together stand together. Big endian, to sort by number. */
import { assert, InvariantError } from "@smallpond/base";
import type { KeyRange } from "./ordered-store.ts";

const ENCODER = new TextEncoder();
const U32_MASK = 0xffff_ffffn;
const U64_MAX = 0xffff_ffff_ffff_ffffn;

/**
 * A key's part: text as UTF-8 (only as the last part, or of fixed length), bytes as they are, a `bigint` like `u64Key`
 * and a `number` like `u32Key`, without an array of their own.
 */
export type KeyPart = string | Uint8Array | bigint | number;

export function key(...parts: readonly KeyPart[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += partBytes(part);
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) at += writePart(whole, part, at);
  return whole;
}

export function u32Key(value: number): Uint8Array {
  return key(value);
}

export function u64Key(value: bigint): Uint8Array {
  return key(value);
}

/** Every key that begins with the prefix. It must not be all 0xff. */
export function prefixRange(prefix: Uint8Array): KeyRange {
  return { begin: prefix, end: afterPrefix(prefix) };
}

/** The first key that does not begin with the prefix and is above those that do. */
export function afterPrefix(prefix: Uint8Array): Uint8Array {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length -= 1;
  assert(length > 0, "nothing comes after a prefix of 0xff alone");
  const end = prefix.slice(0, length);
  end[length - 1] = end[length - 1]! + 1;
  return end;
}

/** The least key above this one. */
export function afterKey(bytes: Uint8Array): Uint8Array {
  const after = new Uint8Array(bytes.length + 1);
  after.set(bytes);
  return after;
}

/** Negative, zero or positive, byte by byte. */
export function compareKeys(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const difference = a[at]! - b[at]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function partBytes(part: KeyPart): number {
  if (typeof part === "string") return utf8Length(part);
  if (typeof part === "bigint") return 8;
  return typeof part === "number" ? 4 : part.length;
}

/** How many bytes it took. */
function writePart(into: Uint8Array, part: KeyPart, at: number): number {
  if (typeof part === "string") return writeText(into, part, at);
  if (typeof part === "bigint") {
    if (part < 0n || part > U64_MAX) throw new InvariantError(`not a u64: ${part}`);
    putU32(into, Number(part >> 32n), at);
    putU32(into, Number(part & U32_MASK), at + 4);
    return 8;
  }
  if (typeof part === "number") {
    if (!(Number.isInteger(part) && part >= 0 && part <= 0xffff_ffff)) {
      throw new InvariantError(`not a u32: ${part}`);
    }
    putU32(into, part, at);
    return 4;
  }
  into.set(part, at);
  return part.length;
}

/** By hand, because a view on a small array would move it out of the heap, and keys are made for every row. */
function putU32(bytes: Uint8Array, value: number, at: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Nearly all text in keys is ASCII, for which a loop takes a tenth of the time of the encoder. */
function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}

function utf8Length(text: string): number {
  return isAscii(text) ? text.length : ENCODER.encode(text).length;
}

/** How many bytes it took. */
function writeText(into: Uint8Array, text: string, at: number): number {
  if (!isAscii(text)) return ENCODER.encodeInto(text, into.subarray(at)).written;
  for (let index = 0; index < text.length; index++) into[at + index] = text.charCodeAt(index);
  return text.length;
}
