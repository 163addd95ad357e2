/** Pieces of memory as the bytes they are. */
import { BufferLease, type LeasePart, type Piece } from "@smallpond/fs-native";

export function viewOf(piece: Piece): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  if (piece instanceof BufferLease) return piece.view;
  const { lease, offset = 0, length = lease.length - offset } = piece;
  return lease.view.subarray(offset, offset + length);
}

/** Memory that bytes from the network can be put into without another copy. */
export function leased(piece: Piece): BufferLease | LeasePart | undefined {
  return piece instanceof Uint8Array ? undefined : piece;
}
