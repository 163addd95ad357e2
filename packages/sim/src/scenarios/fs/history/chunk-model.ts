/**
 * One chunk as everybody should see it: units, each of one write or zero. Updates and reads of a chunk are atomic and
 * linearizable (I3). Which write a unit shows says all about its content, because writes know where they are.
 */
import { assertNever } from "@smallpond/base";
import { type Model, UNKNOWN } from "../../../checkers/model.ts";
import { type WriteId, ZEROS } from "./stamps.ts";

/** Units of a chunk from `from` to below `to`, which are of a write. */
export interface Piece {
  readonly from: number;
  readonly to: number;
  readonly write: WriteId;
}

export type ChunkInput =
  | { readonly kind: "read"; readonly chunk: string; readonly from: number; readonly to: number }
  | {
      readonly kind: "write";
      readonly chunk: string;
      readonly from: number;
      readonly to: number;
      readonly write: WriteId;
    }
  /** What lies from there on is zeros. */
  | { readonly kind: "cut"; readonly chunk: string; readonly from: number };

/** What a read saw, without gaps; `true` of a change. */
export type ChunkOutput = readonly Piece[] | true;

/** Pieces in order that are of a write; what is between them and behind them is zeros. Neighbours are of different writes. */
type Chunk = readonly Piece[];

export const CHUNKS: Model<Chunk, ChunkInput, ChunkOutput> = Object.freeze({
  name: "chunk",
  init: () => [],
  step(state: Chunk, input: ChunkInput, output: ChunkOutput | typeof UNKNOWN): Chunk | undefined {
    switch (input.kind) {
      case "read":
        return output === UNKNOWN || output === true || shows(state, output) ? state : undefined;
      case "write":
        return joined([
          ...between(state, 0, input.from),
          { from: input.from, to: input.to, write: input.write },
          ...between(state, input.to, Number.POSITIVE_INFINITY),
        ]);
      case "cut":
        return between(state, 0, input.from);
      default:
        return assertNever(input);
    }
  },
  key: (state: Chunk) => state.map(({ from, to, write }) => `${from}-${to}:${write}`).join(),
  partition: (input: ChunkInput) => input.chunk,
  readOnly: (input: ChunkInput) => input.kind === "read",
  describe(input: ChunkInput, output: ChunkOutput | typeof UNKNOWN): string {
    if (input.kind === "cut") return `cut from ${input.from}${answerOf(output)}`;
    const range = `${input.kind} ${input.from}-${input.to}`;
    if (input.kind === "write") return `${range} as ${input.write}${answerOf(output)}`;
    const seen = output === UNKNOWN || output === true ? [] : output;
    return `${range} → ${seen.map((piece) => `${piece.from}-${piece.to}:${piece.write}`).join(" ")}`;
  },
});

function answerOf(output: ChunkOutput | typeof UNKNOWN): string {
  return output === UNKNOWN ? " → no answer" : "";
}

function shows(state: Chunk, seen: readonly Piece[]): boolean {
  return seen.every(({ from, to, write }) => {
    const there = between(state, from, to);
    if (write === ZEROS) return there.length === 0;
    const [only] = there;
    return there.length === 1 && only!.write === write && only!.from === from && only!.to === to;
  });
}

function between(state: Chunk, from: number, to: number): readonly Piece[] {
  const pieces: Piece[] = [];
  for (const piece of state) {
    if (piece.to <= from || piece.from >= to) continue;
    pieces.push({ ...piece, from: Math.max(from, piece.from), to: Math.min(to, piece.to) });
  }
  return pieces;
}

function joined(pieces: readonly Piece[]): Chunk {
  const result: Piece[] = [];
  for (const piece of pieces) {
    const last = result.at(-1);
    if (last?.write === piece.write && last.to === piece.from)
      result[result.length - 1] = { ...last, to: piece.to };
    else result.push(piece);
  }
  return result;
}
