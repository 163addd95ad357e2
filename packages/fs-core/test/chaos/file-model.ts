/**
 * What one file of the chaos test must have in it, as its only writer knows: by cell, the last write that was acknowledged,
 * and what was asked for since and may or may not be there.
 */
import { CELL_BYTES, type Cell, cellIn, isCell, type Seq, wordsIn } from "./pattern.ts";

type Change =
  | {
      readonly kind: "write";
      readonly seq: Seq;
      readonly from: number;
      readonly to: number;
      isGivenUp: boolean;
    }
  | { readonly kind: "truncate"; readonly seq: Seq; readonly length: number };

export class FileModel {
  readonly id: number;
  readonly path: string;
  /** A file whose changes failed is not changed any more: any of them may have happened, or happen. */
  isBroken = false;
  isRemoving = false;
  #seq: Seq = 0;
  #lastTruncate: Seq = 0;
  /** What is there, once all that is under way has happened. */
  #view: Uint32Array;
  #length = 0;
  /** The last acknowledged write of each cell, and the last acknowledged change, which may have been a truncation. */
  #acked: Uint32Array;
  #floor: Uint32Array;
  #ackedLength = 0;
  #unacked: Change[] = [];
  /** Writes that were given up, by cell, until an acknowledged one covers them. */
  readonly #doubts: Map<number, Seq[]> = new Map();

  constructor(id: number, path: string, cells: number) {
    this.id = id;
    this.path = path;
    this.#view = new Uint32Array(cells);
    this.#acked = new Uint32Array(cells);
    this.#floor = new Uint32Array(cells);
  }

  get length(): number {
    return this.#length;
  }

  get ackedLength(): number {
    return this.#ackedLength;
  }

  get bytesMax(): number {
    return this.#view.length * CELL_BYTES;
  }

  get unacked(): number {
    return this.#unacked.length;
  }

  /** A write that begins now. */
  write(from: number, to: number): Seq {
    const seq = ++this.#seq;
    this.#unacked.push({ kind: "write", seq, from, to, isGivenUp: false });
    this.#view.fill(seq, from / CELL_BYTES, to / CELL_BYTES);
    this.#length = Math.max(this.#length, to);
    return seq;
  }

  /** It lies within the length, and whoever wrote it did not wait for it. */
  giveUp(seq: Seq): void {
    const change = this.#unacked.find((each) => each.seq === seq);
    if (change?.kind === "write") change.isGivenUp = true;
  }

  truncate(length: number): void {
    const seq = ++this.#seq;
    this.#lastTruncate = seq;
    this.#unacked.push({ kind: "truncate", seq, length });
    this.#view.fill(0, length / CELL_BYTES);
    this.#length = length;
  }

  /** Before a sync begins: what it will acknowledge. */
  mark(): number {
    return this.#unacked.length;
  }

  acknowledge(count: number): void {
    for (const change of this.#unacked.splice(0, count)) this.#settle(change);
  }

  /** What another client's read that begins now must not be older than. */
  floorOf(from: number, to: number): { readonly acked: Uint32Array; readonly floor: Uint32Array } {
    const [start, end] = [from / CELL_BYTES, to / CELL_BYTES];
    return { acked: this.#acked.slice(start, end), floor: this.#floor.slice(start, end) };
  }

  /** What its writer, or anybody when all is over, finds from `from` on. In words, what is wrong. */
  wrongIn(bytes: Uint8Array, from: number): string | undefined {
    const words = wordsIn(bytes);
    for (let index = 0; index < bytes.length / CELL_BYTES; index++) {
      const at = from / CELL_BYTES + index;
      if (isCell(words, index, { file: this.id, at, seq: this.#view[at]! })) continue;
      const found = cellIn(words, index);
      const isOurs = found !== undefined && (found.seq === 0 || (found.file === this.id && found.at === at));
      if (isOurs && this.#possible(at).includes(found.seq)) continue;
      return this.#tell(at, found, `must be of write ${this.#possible(at).join(" or ")}`);
    }
    return undefined;
  }

  /** What another client found: nothing older than what was acknowledged before it began. */
  staleIn(bytes: Uint8Array, from: number, before: ReturnType<FileModel["floorOf"]>): string | undefined {
    const words = wordsIn(bytes);
    for (let index = 0; index < bytes.length / CELL_BYTES; index++) {
      const at = from / CELL_BYTES + index;
      const [acked, floor] = [before.acked[index]!, before.floor[index]!];
      if (acked !== 0 && isCell(words, index, { file: this.id, at, seq: acked })) continue;
      const found = cellIn(words, index);
      const isZeros = found?.seq === 0 && (acked === 0 || this.#lastTruncate > floor);
      const isNewer =
        found?.file === this.id && found.at === at && found.seq >= floor && found.seq <= this.#seq;
      if (isZeros || isNewer) continue;
      return this.#tell(at, found, `must not be before change ${floor}, write ${acked}`);
    }
    return undefined;
  }

  /** Whether a length that was found when all is over can be. */
  isLength(length: number): boolean {
    if (!this.isBroken) return length === this.#length;
    const possible = new Set([this.#ackedLength]);
    for (const change of this.#unacked) {
      // Any of the changes before may be missing.
      for (const before of [...possible]) {
        possible.add(change.kind === "truncate" ? change.length : Math.max(before, change.to));
        // A gathered write may be there in part: chunk by chunk, page by page.
        if (change.kind === "write" && length > before && length <= change.to) possible.add(length);
      }
    }
    return possible.has(length);
  }

  #settle(change: Change): void {
    if (change.kind === "truncate") {
      this.#acked.fill(0, change.length / CELL_BYTES);
      this.#floor.fill(change.seq, change.length / CELL_BYTES);
      this.#ackedLength = change.length;
      for (const cell of this.#doubts.keys())
        if (cell * CELL_BYTES >= change.length) this.#doubts.delete(cell);
      return;
    }
    const { seq, from, to, isGivenUp } = change;
    const [start, end] = [from / CELL_BYTES, to / CELL_BYTES];
    this.#ackedLength = Math.max(this.#ackedLength, to);
    if (isGivenUp) {
      for (let cell = start; cell < end; cell++) this.#doubt(cell, seq);
      return;
    }
    this.#acked.fill(seq, start, end);
    this.#floor.fill(seq, start, end);
    if (this.#doubts.size > 0) for (let cell = start; cell < end; cell++) this.#doubts.delete(cell);
  }

  #doubt(cell: number, seq: Seq): void {
    const others = this.#doubts.get(cell);
    if (others === undefined) this.#doubts.set(cell, [seq]);
    else others.push(seq);
  }

  /** Writes by which a cell may be; 0 for zeros. */
  #possible(cell: number): readonly Seq[] {
    let possible: Seq[] = [this.#acked[cell]!, ...(this.#doubts.get(cell) ?? [])];
    for (const change of this.#unacked) {
      const value = change.kind === "truncate" ? 0 : change.seq;
      const isIn =
        change.kind === "truncate"
          ? cell * CELL_BYTES >= change.length
          : cell * CELL_BYTES >= change.from && cell * CELL_BYTES < change.to;
      if (!isIn) continue;
      const isCertain = !this.isBroken && !(change.kind === "write" && change.isGivenUp);
      possible = isCertain ? [value] : [...possible, value];
    }
    return possible;
  }

  #tell(at: number, found: Cell | undefined, wanted: string): string {
    const is =
      found === undefined
        ? "is none of ours"
        : found.seq === 0
          ? "is zeros"
          : `is of write ${found.seq} of cell ${found.at} of file ${found.file}`;
    const state = `${this.isBroken ? "broken, " : ""}write ${this.#seq} was the last, truncation ${this.#lastTruncate}`;
    return `${this.path}: cell ${at} ${is}, and ${wanted} (${state})`;
  }
}
