/** Parts of memory, wherever it is: heap or lease. Nothing is copied here. */
import { assert } from "@smallpond/base";
import type { Piece } from "@smallpond/fs-native";

export function bytesIn(piece: Piece): number {
  if (piece instanceof Uint8Array) return piece.length;
  if (!("lease" in piece)) return piece.length;
  return piece.length ?? piece.lease.length - (piece.offset ?? 0);
}

/** Look at it as long as its lease is held, and no longer. */
export function viewOf(piece: Piece): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  if (!("lease" in piece)) return piece.view;
  const { lease, offset = 0, length = lease.length - offset } = piece;
  return lease.view.subarray(offset, offset + length);
}

export function partOf(piece: Piece, from: number, length: number): Piece {
  assert(from >= 0 && from + length <= bytesIn(piece), `${from} and ${length} bytes leave the memory`);
  if (from === 0 && length === bytesIn(piece)) return piece;
  if (piece instanceof Uint8Array) return piece.subarray(from, from + length);
  if (!("lease" in piece)) return { lease: piece, offset: from, length };
  return { lease: piece.lease, offset: (piece.offset ?? 0) + from, length };
}

/** `length` bytes from `from` on of what stands one after another in the pieces. */
export function partOfAll(pieces: readonly Piece[], from: number, length: number): readonly Piece[] {
  const parts: Piece[] = [];
  let at = 0;
  for (const piece of pieces) {
    const bytes = bytesIn(piece);
    const begin = Math.max(from, at);
    const end = Math.min(from + length, at + bytes);
    if (begin < end) parts.push(partOf(piece, begin - at, end - begin));
    at += bytes;
  }
  return parts;
}

export function bytesInAll(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + bytesIn(piece), 0);
}
