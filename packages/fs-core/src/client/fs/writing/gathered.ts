/** Bytes of a file that were written here and not sent yet: pieces, each in a lease, none touching another's bytes. */
import type { BufferLease, Piece } from "@smallpond/fs-native";
import { partOf, viewOf } from "../pieces.ts";
import { type ByteRange, overlaps } from "../range.ts";

export interface Segment {
  readonly start: number;
  readonly lease: BufferLease;
  readonly sinceMs: number;
  filled: number;
}

export class Gathered {
  #segments: Segment[] = [];

  get count(): number {
    return this.#segments.length;
  }

  /** On the monotonic clock; of the oldest byte. */
  get sinceMs(): number {
    return this.#segments[0]?.sinceMs ?? Number.POSITIVE_INFINITY;
  }

  touches(range: ByteRange): boolean {
    return this.#segments.some((segment) => overlaps(rangeOf(segment), range));
  }

  /** The piece that bytes from there on continue, if it has room. */
  at(offset: number): Segment | undefined {
    return this.#segments.find(
      ({ start, filled, lease }) => start + filled === offset && filled < lease.length,
    );
  }

  add(segment: Segment): void {
    this.#segments.push(segment);
  }

  /** All of them, which are the caller's from now on. */
  take(): readonly Segment[] {
    const segments = this.#segments;
    this.#segments = [];
    return segments;
  }
}

/** Copies what fits to the end of a piece; how much that was. */
export function fill(segment: Segment, bytes: Uint8Array): number {
  const room = segment.lease.length - segment.filled;
  const part = bytes.subarray(0, room);
  viewOf(segment.lease).set(part, segment.filled);
  segment.filled += part.length;
  return part.length;
}

export function rangeOf({ start, filled }: Segment): ByteRange {
  return { start, end: start + filled };
}

export function pieceOf({ lease, filled }: Segment): Piece {
  return partOf(lease, 0, filled);
}
