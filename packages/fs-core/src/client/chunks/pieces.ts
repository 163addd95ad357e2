/** Memory of callers, whichever way they name it. */
import type { LeasePart, Piece } from "@smallpond/fs-native";

export function viewOf(piece: Piece): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  if (!("lease" in piece)) return piece.view;
  const { lease, offset = 0, length = lease.length - offset } = piece;
  return lease.view.subarray(offset, offset + length);
}

export function bytesOf(piece: Piece): number {
  if (piece instanceof Uint8Array || !("lease" in piece)) return piece.length;
  return piece.length ?? piece.lease.length - (piece.offset ?? 0);
}

/** The same memory as a part of a lease, if it is one. */
export function partOf(piece: Piece): LeasePart | undefined {
  if (piece instanceof Uint8Array) return undefined;
  return "lease" in piece ? piece : { lease: piece };
}
