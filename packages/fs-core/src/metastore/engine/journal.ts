/** What the owner knows of the last batches: which commits of other processes they held, and how far back that goes. */
import type { RequestId } from "../../ids.ts";
import type { JournalRow } from "./journal-rows.ts";

/** Rows that one batch clears at most; it writes one, so the journal shrinks. */
const CLEARED_AT_ONCE_MAX = 32;

interface Remembered extends JournalRow {
  readonly atMs: number;
}

export interface JournalLimits {
  readonly journalMs: number;
  readonly journalBatchesMax: number;
  readonly journalCommitsMax: number;
}

export class Journal {
  readonly #limits: JournalLimits;
  readonly #versions: Map<RequestId, bigint> = new Map();
  #rows: Remembered[] = [];
  #first = 0;
  #floor: bigint;

  constructor(rows: readonly JournalRow[], nowMs: number, limits: JournalLimits) {
    this.#limits = limits;
    this.#floor = rows[0] === undefined ? 0n : rows[0].version - 1n;
    for (const row of rows) this.add(row, nowMs);
  }

  /** Of the last batch; 0 in a store that was never written. */
  get version(): bigint {
    return this.#rows.at(-1)?.version ?? 0n;
  }

  /** Every commit of another process above this version is known. */
  get floor(): bigint {
    return this.#floor;
  }

  versionOf(commit: RequestId): bigint | undefined {
    return this.#versions.get(commit);
  }

  add(row: JournalRow, atMs: number): void {
    this.#rows.push({ ...row, atMs });
    for (const { id, version } of row.commits) this.#versions.set(id, version);
  }

  /** Versions of rows that are over the limits: they go with the next batch. The last row always stays. */
  overdue(nowMs: number): readonly bigint[] {
    const versions: bigint[] = [];
    while (versions.length < CLEARED_AT_ONCE_MAX && this.#isOver(this.#first + versions.length, nowMs)) {
      versions.push(this.#rows[this.#first + versions.length]!.version);
    }
    return versions;
  }

  /** The first rows are gone from the store. Not before: a gap would pass for commits that never were. */
  forget(count: number): void {
    for (const row of this.#rows.slice(this.#first, this.#first + count)) {
      for (const { id } of row.commits) this.#versions.delete(id);
      this.#floor = row.version;
    }
    this.#first += count;
    if (this.#first > 1024 && this.#first > this.#rows.length / 2) {
      this.#rows = this.#rows.slice(this.#first);
      this.#first = 0;
    }
  }

  #isOver(at: number, nowMs: number): boolean {
    const count = this.#rows.length - at;
    if (count <= 1) return false;
    return (
      count > this.#limits.journalBatchesMax ||
      this.#versions.size > this.#limits.journalCommitsMax ||
      this.#rows[at]!.atMs < nowMs - this.#limits.journalMs
    );
  }
}
