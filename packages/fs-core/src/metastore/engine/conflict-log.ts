/**
 * What was written in the last seconds, to find out whether somebody changed what a transaction read: the last version
 * of each key by hash, and each batch's keys in order for ranges. Batches older than a transaction's snapshot are not
 * looked at, so most checks touch few.
 */
import { inRange, type KeyText, lowerBound, type TextRange } from "../key-text.ts";
import type { CommitRequest } from "./backend.ts";

interface LoggedBatch {
  readonly version: number;
  readonly atMs: number;
  readonly keys: SortedKeys;
  readonly cleared: TextRange[];
}

/** Forgotten batches whose places are not worth a copy of the others. */
const COMPACTED_MIN = 64;

export class ConflictLog {
  readonly #keysMax: number;
  readonly #latest: Map<KeyText, number> = new Map();
  #batches: LoggedBatch[] = [];
  /** Where the oldest batch is; those before it are forgotten. */
  #first = 0;
  #clearedCount = 0;
  #keyCount = 0;
  #base: number;

  /** Nothing is known about what was written up to `base`. */
  constructor(base: number, settings: { readonly keysMax: number }) {
    this.#base = base;
    this.#keysMax = settings.keysMax;
  }

  /** Snapshots of earlier versions are too old to be checked. */
  get base(): number {
    return this.#base;
  }

  /** Further writes are of this version; they conflict with every snapshot so far. */
  beginBatch(version: number, atMs: number): void {
    this.#batches.push({ version, atMs, keys: new SortedKeys(), cleared: [] });
  }

  record({ writes, cleared }: Pick<CommitRequest, "writes" | "cleared">): void {
    const batch = this.#batches.at(-1)!;
    for (const { text } of writes) {
      if (this.#latest.get(text) === batch.version) continue;
      this.#latest.set(text, batch.version);
      batch.keys.add(text);
      this.#keyCount += 1;
    }
    batch.cleared.push(...cleared);
    this.#clearedCount += cleared.length;
  }

  /** Whether something that was read has been written since the snapshot of `version`. */
  hasConflict(version: number, reads: Pick<CommitRequest, "readPoints" | "readRanges">): boolean {
    for (const text of reads.readPoints) {
      const written = this.#latest.get(text);
      if (written !== undefined && written > version) return true;
    }
    if (reads.readRanges.length === 0 && this.#clearedCount === 0) return false;
    for (let at = this.#batches.length - 1; at >= this.#first; at--) {
      const batch = this.#batches[at]!;
      if (batch.version <= version) return false;
      if (touches(batch, reads)) return true;
    }
    return false;
  }

  /** Forgets batches before `untilMs`, and older ones where there are too many keys. */
  prune(untilMs: number): void {
    for (; this.#first < this.#batches.length; this.#first++) {
      const batch = this.#batches[this.#first]!;
      if (batch.atMs >= untilMs && this.#keyCount <= this.#keysMax) break;
      this.#forget(batch);
    }
    if (this.#first <= COMPACTED_MIN || this.#first <= this.#batches.length / 2) return;
    this.#batches = this.#batches.slice(this.#first);
    this.#first = 0;
  }

  #forget({ version, keys, cleared }: LoggedBatch): void {
    for (const text of keys.texts) if (this.#latest.get(text) === version) this.#latest.delete(text);
    this.#keyCount -= keys.texts.length;
    this.#clearedCount -= cleared.length;
    this.#base = version;
  }
}

/** Keys of one batch, put in order when somebody first asks for a range. */
class SortedKeys {
  readonly #texts: KeyText[] = [];
  #sorted = false;

  get texts(): readonly KeyText[] {
    return this.#texts;
  }

  add(text: KeyText): void {
    if (this.#sorted) this.#texts.splice(lowerBound(this.#texts, text), 0, text);
    else this.#texts.push(text);
  }

  hasOneIn(range: TextRange): boolean {
    if (!this.#sorted) this.#texts.sort();
    this.#sorted = true;
    const text = this.#texts[lowerBound(this.#texts, range.begin)];
    return text !== undefined && text < range.end;
  }
}

function touches(
  { keys, cleared }: LoggedBatch,
  { readPoints, readRanges }: Pick<CommitRequest, "readPoints" | "readRanges">,
): boolean {
  if (readRanges.some((range) => keys.hasOneIn(range))) return true;
  return cleared.some((hole) => {
    if (readRanges.some((range) => range.begin < hole.end && hole.begin < range.end)) return true;
    for (const text of readPoints) if (inRange(text, hole)) return true;
    return false;
  });
}
