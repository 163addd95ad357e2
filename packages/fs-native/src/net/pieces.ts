/** Leases and parts of them as the bytes they are. */
import { assert } from "@smallpond/base";
import { BufferLease, type LeasePart } from "../memory/lease.ts";
import type { Piece } from "./leased-net.ts";

/** The bytes of a held lease, or of part of one; asserts that the part lies within. */
export function viewOf(memory: BufferLease | LeasePart): Uint8Array {
  if (memory instanceof BufferLease) return memory.view;
  const { lease, offset = 0, length = lease.length - offset } = memory;
  assert(Number.isSafeInteger(offset) && offset >= 0, "a part begins within its lease");
  assert(Number.isSafeInteger(length) && length >= 0, "a part has a whole number of bytes");
  assert(offset + length <= lease.length, "a part ends within its lease");
  return lease.view.subarray(offset, offset + length);
}

export function leaseOf(memory: BufferLease | LeasePart): BufferLease {
  return memory instanceof BufferLease ? memory : memory.lease;
}

/** What there is to send, without the empty ones. */
export function viewsOf(pieces: readonly Piece[]): readonly Uint8Array[] {
  const views = pieces.map((piece) => (piece instanceof Uint8Array ? piece : viewOf(piece)));
  return views.filter((view) => view.length > 0);
}

/** A lease in an operation stays with its owner until that has ended. */
export function assertHeld(pieces: readonly Piece[]): void {
  for (const piece of pieces) {
    if (!(piece instanceof Uint8Array)) {
      assert(leaseOf(piece).isHeld, "a lease is held until what was sent from it has ended");
    }
  }
}
