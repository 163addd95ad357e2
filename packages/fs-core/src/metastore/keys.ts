/** Keys: parts one after another, so that rows that are read together stand together. Big endian, to sort by number. */
import { assert } from "@smallpond/base";
import type { KeyRange } from "./ordered-store.ts";

const ENCODER = new TextEncoder();

/** A key's part: text as UTF-8 (only as the last part, or of fixed length), or bytes as they are. */
export type KeyPart = string | Uint8Array;

export function key(...parts: readonly KeyPart[]): Uint8Array {
  const encoded = parts.map((part) => (typeof part === "string" ? ENCODER.encode(part) : part));
  const whole = new Uint8Array(encoded.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of encoded) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function u32Key(value: number): Uint8Array {
  assert(Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff, `not a u32: ${value}`);
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

export function u64Key(value: bigint): Uint8Array {
  assert(value >= 0n && value <= 0xffff_ffff_ffff_ffffn, `not a u64: ${value}`);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
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
