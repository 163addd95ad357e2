/**
 * What clients asked of files and what they were told, as operations of chunks and of lengths: a write across chunks is
 * not atomic (I3), so each chunk's share is an operation of its own, as long as the whole.
 *
 * A client may not know which file its bytes went to, or where: what is written together with a file's creation, and what
 * is appended. Such a write gets its place when somebody reads it; it has one place only (I8).
 */
import { PondError } from "@smallpond/base";
import { History, type OpenOperation, type Operation } from "../../../checkers/history.ts";
import { assertLinearizable } from "../../../checkers/linearizability.ts";
import { UNKNOWN } from "../../../checkers/model.ts";
import { CHUNKS, type ChunkInput, type ChunkOutput, type Piece } from "./chunk-model.ts";
import { LENGTHS, type LengthInput, type LengthOutput } from "./length-model.ts";
import { type Run, runsOf, UNIT_BYTES, type WriteId, ZEROS } from "./stamps.ts";

export type FileInput =
  | {
      readonly kind: "write";
      readonly write: WriteId;
      readonly units: number;
      /** In units; undefined where the writer does not know. */
      readonly place: { readonly file: string; readonly at: number } | undefined;
      /** To a file that only grows. */
      readonly appends?: boolean;
    }
  | { readonly kind: "cut"; readonly file: string; readonly length: number }
  | { readonly kind: "read"; readonly file: string; readonly offset: number }
  | { readonly kind: "look"; readonly file: string };

/** Bytes that a read returned, a length, or nothing more than that it happened. */
export type FileOutput = Uint8Array | number | true;

type FileOperation = Operation<FileInput, Seen>;
type Seen = readonly Run[] | number | true;
type Place = { readonly file: string; readonly at: number };

export interface FileHistorySettings {
  readonly chunkBytes: number;
}

export class FileHistory {
  readonly #history: History<FileInput, Seen>;
  readonly #chunkUnits: number;
  readonly #written: Map<WriteId, FileInput & { readonly kind: "write" }> = new Map();
  readonly #places: Map<WriteId, Place> = new Map();
  readonly #acknowledged: Set<WriteId> = new Set();
  readonly #grows: Set<string> = new Set();
  readonly #empty: Set<string> = new Set();
  /** The greatest that anybody was told. */
  readonly #lengths: Map<string, number> = new Map();
  #writes = 0;

  constructor(deps: { readonly nowMs: () => number }, settings: FileHistorySettings) {
    this.#history = new History(deps);
    this.#chunkUnits = settings.chunkBytes / UNIT_BYTES;
  }

  /** Operations that were answered. */
  get answeredCount(): number {
    return this.#history.answeredCount;
  }

  newWrite(): WriteId {
    return ++this.#writes;
  }

  /** Without a further word the outcome stays unknown. `answered` throws where somebody saw what nobody wrote. */
  call(client: string, input: FileInput): OpenOperation<FileOutput> {
    if (input.kind === "write") this.#written.set(input.write, input);
    const open = this.#history.call(client, input);
    return {
      refused: () => open.refused(),
      over: () => open.over(),
      answered: (output) => {
        if (input.kind === "write") this.#acknowledged.add(input.write);
        if (!(output instanceof Uint8Array)) return open.answered(output);
        const at = input.kind === "read" ? input.offset : 0;
        const what = `${client} read ${input.kind === "read" ? input.file : ""} from ${at}`;
        const runs = runsOf(output, what);
        if (input.kind === "read") this.#place(input.file, at / UNIT_BYTES, runs);
        open.answered(runs);
      },
    };
  }

  /** Asks how long a file is, whichever it is: who is answered says so. Without an answer it says nothing. */
  look(client: string): { answered(file: string, length: number): void } {
    const input = { kind: "look" as const, file: "" };
    const open = this.#history.call(client, input);
    const lengthBefore = new Map(this.#lengths);
    return {
      answered: (file, length) => {
        input.file = file;
        open.answered(length);
        const before = lengthBefore.get(file) ?? 0;
        if (this.#grows.has(file) && length < before)
          throw misplaced(`${file} is ${length} bytes long, and was ${before}, and nothing shortens it`);
        this.#lengths.set(file, Math.max(length, this.#lengths.get(file) ?? 0));
      },
    };
  }

  /** Somebody has made that file, with nothing in it: only then its length is known to follow from what is in here. */
  madeEmpty(file: string): void {
    this.#empty.add(file);
  }

  /** Nobody shortens that file: who appends says so. */
  onlyGrows(file: string): void {
    this.#grows.add(file);
  }

  /** Acknowledged appends that nobody has read any of. */
  lostAppends(): readonly WriteId[] {
    return [...this.#acknowledged].filter(
      (write) => this.#written.get(write)!.appends === true && !this.#places.has(write),
    );
  }

  /** Throws if no order of the operations explains what was seen. */
  check(): void {
    const operations = this.#history.operations();
    assertLinearizable(CHUNKS, this.#ofChunks(operations));
    assertLinearizable(LENGTHS, this.#ofLengths(operations));
  }

  /** Every run of a write tells where all of it is. */
  #place(file: string, from: number, runs: readonly Run[]): void {
    let unit = from;
    for (const { units, write, at } of runs) {
      const here = { file, at: unit - at };
      unit += units;
      if (write === ZEROS) continue;
      const written = this.#written.get(write);
      if (written === undefined || at + units > written.units)
        throw misplaced(`${file} shows write ${write}, which there is not, or not that far`);
      const known = written.place ?? this.#places.get(write) ?? here;
      if (known.file !== here.file || known.at !== here.at)
        throw misplaced(
          `write ${write} is in ${here.file} at unit ${here.at}, and in ${known.file} at ${known.at}`,
        );
      this.#places.set(write, here);
    }
  }

  #placeOf(input: FileInput & { readonly kind: "write" }): Place | undefined {
    return input.place ?? this.#places.get(input.write);
  }

  #ofChunks(operations: readonly FileOperation[]): readonly Operation<ChunkInput, ChunkOutput>[] {
    const result: Operation<ChunkInput, ChunkOutput>[] = [];
    // A cut reaches to the end of the file, wherever that is: each chunk that anything is known of.
    const touched = new Map<string, Set<number>>();
    const add = (operation: FileOperation, file: string, part: Part): void => {
      touched.set(file, (touched.get(file) ?? new Set()).add(part.chunk));
      const { input, output } = part;
      result.push({ ...operation, input: { ...input, chunk: `${file}/${part.chunk}` }, output });
    };
    for (const operation of operations) {
      const { input, output } = operation;
      if (input.kind === "write") {
        const place = this.#placeOf(input);
        // What nobody saw and nobody was told of is as good as not done.
        const counts = output !== UNKNOWN || this.#places.has(input.write);
        if (place === undefined || !counts) continue;
        for (const part of this.#shares(place.at, place.at + input.units)) {
          const write = { kind: "write" as const, from: part.from, to: part.to, write: input.write };
          add(operation, place.file, {
            chunk: part.chunk,
            input: write,
            output: output === UNKNOWN ? output : true,
          });
        }
      } else if (input.kind === "read" && typeof output === "object") {
        const from = input.offset / UNIT_BYTES;
        const pieces = piecesOf(from, output);
        for (const part of this.#shares(from, pieces.at(-1)?.to ?? from)) {
          const base = part.chunk * this.#chunkUnits;
          const seen = within(pieces, base + part.from, base + part.to).map((piece) => ({
            ...piece,
            from: piece.from - base,
            to: piece.to - base,
          }));
          const read = { kind: "read" as const, from: part.from, to: part.to };
          add(operation, input.file, { chunk: part.chunk, input: read, output: seen });
        }
      }
    }
    for (const operation of operations) {
      const { input } = operation;
      if (input.kind !== "cut") continue;
      const unit = input.length / UNIT_BYTES;
      for (const chunk of touched.get(input.file) ?? []) {
        const from = Math.max(0, unit - chunk * this.#chunkUnits);
        if (from >= this.#chunkUnits) continue;
        const output = operation.output === UNKNOWN ? operation.output : true;
        add(operation, input.file, { chunk, input: { kind: "cut", from }, output });
      }
    }
    return result;
  }

  #ofLengths(operations: readonly FileOperation[]): readonly Operation<LengthInput, LengthOutput>[] {
    const result: Operation<LengthInput, LengthOutput>[] = [];
    const seen = new Map<string, Set<number>>();
    for (const { input, output } of operations) {
      if (input.kind === "look" && typeof output === "number")
        seen.set(input.file, (seen.get(input.file) ?? new Set()).add(output));
    }
    for (const operation of operations) {
      const { input } = operation;
      const output = operation.output === UNKNOWN ? UNKNOWN : true;
      // Bytes that nobody was told of are there or not when it is over; how far they reach may be found out later.
      const until = output === UNKNOWN ? { answer: Number.POSITIVE_INFINITY } : {};
      const add = (made: LengthInput, told: LengthOutput | typeof UNKNOWN): void =>
        void result.push({ ...operation, ...until, input: made, output: told });
      if (input.kind === "look" && typeof operation.output === "number")
        add({ kind: "look", file: input.file }, operation.output);
      if (input.kind === "cut") add({ kind: "set", file: input.file, length: input.length }, output);
      const place = input.kind === "write" ? this.#placeOf(input) : undefined;
      if (input.kind !== "write" || place === undefined) continue;
      for (const part of this.#shares(place.at, place.at + input.units)) {
        const end = (part.chunk * this.#chunkUnits + part.to) * UNIT_BYTES;
        // An end that nobody was told of explains nothing.
        if (output === UNKNOWN && seen.get(place.file)?.has(end) !== true) continue;
        add({ kind: "reach", file: place.file, end }, output);
      }
    }
    return result.filter(({ input }) => this.#empty.has(input.file));
  }

  /** In units. */
  #shares(from: number, to: number): readonly { chunk: number; from: number; to: number }[] {
    const shares: { chunk: number; from: number; to: number }[] = [];
    for (let at = from; at < to; ) {
      const chunk = Math.floor(at / this.#chunkUnits);
      const base = chunk * this.#chunkUnits;
      const end = Math.min(to, base + this.#chunkUnits);
      shares.push({ chunk, from: at - base, to: end - base });
      at = end;
    }
    return shares;
  }
}

interface Part {
  readonly chunk: number;
  readonly input: Without<ChunkInput, "chunk">;
  readonly output: ChunkOutput | typeof UNKNOWN;
}

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

function piecesOf(from: number, runs: readonly Run[]): readonly Piece[] {
  let at = from;
  return runs.map(({ units, write }) => {
    const piece = { from: at, to: at + units, write };
    at += units;
    return piece;
  });
}

function within(pieces: readonly Piece[], from: number, to: number): readonly Piece[] {
  return pieces
    .filter((piece) => piece.to > from && piece.from < to)
    .map((piece) => ({ ...piece, from: Math.max(from, piece.from), to: Math.min(to, piece.to) }));
}

function misplaced(message: string): PondError<"MISPLACED_BYTES"> {
  return new PondError("MISPLACED_BYTES", { kind: "internal", message });
}
