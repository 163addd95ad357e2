/**
 * Keys as text of one character a byte: what maps and sets tell apart, and what compares in the order of the bytes
 * without a loop of ours.
 */
import type { Brand } from "@smallpond/base";
import { metastoreError } from "./errors.ts";
import type { KeyRange } from "./ordered-store.ts";
import { TRANSACTION_LIMITS } from "./transaction.ts";

export type KeyText = Brand<string, "KeyText">;

export interface TextRange {
  readonly begin: KeyText;
  readonly end: KeyText;
}

export function keyText(key: Uint8Array): KeyText {
  return String.fromCharCode.apply(null, key as unknown as number[]) as KeyText;
}

export function textKey(text: KeyText): Uint8Array {
  const key = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) key[at] = text.charCodeAt(at);
  return key;
}

/** A key that users of the metastore may have, as text. */
export function userKeyText(key: Uint8Array): KeyText {
  if (key.length > TRANSACTION_LIMITS.keyBytesMax) {
    throw metastoreError(
      "TRANSACTION_TOO_LARGE",
      `a key of ${key.length} bytes; the most is ${TRANSACTION_LIMITS.keyBytesMax}`,
    );
  }
  if (key.length === 0) throw metastoreError("KEY_INVALID", "a key must not be empty");
  if (key[0] === 0xff)
    throw metastoreError("KEY_INVALID", "keys that begin with 0xff are the metastore's own");
  return keyText(key);
}

/** A range of users' keys as text; the part of it that could hold none is cut off. */
export function userRangeText({ begin, end }: KeyRange): TextRange {
  // The bounds may be one byte longer than a key: the least key after one.
  if (Math.max(begin.length, end.length) > TRANSACTION_LIMITS.keyBytesMax + 1) {
    throw metastoreError(
      "TRANSACTION_TOO_LARGE",
      `a range's bound of ${Math.max(begin.length, end.length)} bytes; the most is ${TRANSACTION_LIMITS.keyBytesMax + 1}`,
    );
  }
  const [beginText, endText] = [keyText(begin), keyText(end)];
  return { begin: beginText, end: endText < USER_KEYS_END ? endText : USER_KEYS_END };
}

/** No user's key is at or above it. */
export const USER_KEYS_END: KeyText = "\u00ff" as KeyText;

/** The least text above it. */
export function afterText(text: KeyText): KeyText {
  return `${text}\0` as KeyText;
}

export function inRange(text: KeyText, { begin, end }: TextRange): boolean {
  return text >= begin && text < end;
}

/** The first place in a sorted array whose text is at least `text`. */
export function lowerBound(sorted: readonly string[], text: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < text) low = middle + 1;
    else high = middle;
  }
  return low;
}
