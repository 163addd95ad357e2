/** A range as a transaction sees it: the snapshot's rows with the transaction's own writes among them. */
import { afterText, type KeyText, keyText, type TextRange, textKey } from "../key-text.ts";
import type { KeyValue } from "../ordered-store.ts";
import type { OpenedSnapshot, WriteIntent } from "./backend.ts";
import { blindlyChanged } from "./blind.ts";
import { unstamped } from "./stamps.ts";
import type { WriteOverlay } from "./write-overlay.ts";

export interface MergedRange {
  readonly range: TextRange;
  readonly reverse: boolean;
  readonly limit: number;
}

/** At most `limit` entries, in the order of reading. */
export async function mergedRange(
  snapshot: OpenedSnapshot,
  overlay: WriteOverlay,
  { range, reverse, limit }: MergedRange,
): Promise<readonly KeyValue[]> {
  const own = overlay.within(range, reverse);
  const isBefore = (a: KeyText, b: KeyText): boolean => (reverse ? a > b : a < b);
  const merged: KeyValue[] = [];
  let ownAt = 0;
  let rest: TextRange | undefined = range;
  while (rest !== undefined && rest.begin < rest.end) {
    const rows: readonly KeyValue[] = await snapshot.range(bytesOf(rest), { limit, reverse });
    let last: KeyText | undefined;
    for (const row of rows) {
      const text = keyText(row.key);
      last = text;
      while (ownAt < own.length && isBefore(own[ownAt]!.text, text)) emit(own[ownAt++]!, undefined);
      if (own[ownAt]?.text === text) emit(own[ownAt++]!, row.value);
      else if (!overlay.isCleared(text)) merged.push(row);
      if (merged.length >= limit) return merged.slice(0, limit);
    }
    rest = last === undefined || rows.length < limit ? undefined : beyond(rest, last, overlay, reverse);
  }
  while (ownAt < own.length && merged.length < limit) emit(own[ownAt++]!, undefined);
  return merged.slice(0, limit);

  function emit(write: WriteIntent, row: Uint8Array | undefined): void {
    const value = writtenValue(write, row);
    if (value !== undefined) merged.push({ key: Uint8Array.prototype.slice.call(write.key), value });
  }
}

/** What the row is after the write, as memory of its own. */
export function writtenValue(write: WriteIntent, row: Uint8Array | undefined): Uint8Array | undefined {
  switch (write.kind) {
    case "set":
      return Uint8Array.prototype.slice.call(write.value);
    case "clear":
      return undefined;
    case "blind":
      return blindlyChanged(row, write.steps);
    case "stamp":
      throw unstamped();
  }
}

/** What is left to read after the last row; rows that the transaction has cleared are jumped over. */
function beyond(rest: TextRange, last: KeyText, overlay: WriteOverlay, reverse: boolean): TextRange {
  const hole = overlay.clearedAround(last, reverse);
  if (reverse) return { begin: rest.begin, end: hole?.begin ?? last };
  return { begin: hole?.end ?? afterText(last), end: rest.end };
}

function bytesOf({ begin, end }: TextRange): { readonly begin: Uint8Array; readonly end: Uint8Array } {
  return { begin: textKey(begin), end: textKey(end) };
}
