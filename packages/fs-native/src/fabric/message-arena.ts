/**
 * The memory that messages go through: buffers posted for what arrives, buffers for what is sent, and a few bytes that
 * reads are made into for their order alone. One lease, so one registration.
 */
import { assert } from "@smallpond/base";
import type { BufferLease } from "../memory/lease.ts";

export interface ArenaShape {
  readonly messageBytesMax: number;
  readonly receiveBuffers: number;
  readonly sendBuffers: number;
}

export const SCRATCH_BYTES = 64;

export function arenaBytes({ messageBytesMax, receiveBuffers, sendBuffers }: ArenaShape): number {
  return (receiveBuffers + sendBuffers) * messageBytesMax + SCRATCH_BYTES;
}

export class MessageArena {
  readonly #lease: BufferLease;
  readonly #shape: ArenaShape;
  readonly #freeSends: number[];

  constructor(lease: BufferLease, shape: ArenaShape) {
    this.#lease = lease;
    this.#shape = shape;
    this.#freeSends = Array.from({ length: shape.sendBuffers }, (_, i) => shape.sendBuffers - 1 - i);
  }

  get lease(): BufferLease {
    return this.#lease;
  }

  get hasFreeSend(): boolean {
    return this.#freeSends.length > 0;
  }

  /** Copies a message into a free buffer and gives the buffer's number. */
  takeSend(bytes: Uint8Array): number {
    const buffer = this.#freeSends.pop();
    assert(buffer !== undefined, "a message is copied when there is a buffer for it");
    const { view } = this.#lease;
    view.set(bytes, this.sendOffset(buffer) - this.#lease.offset);
    return buffer;
  }

  giveSend(buffer: number): void {
    this.#freeSends.push(buffer);
  }

  /** Offsets are in the region. */
  sendOffset(buffer: number): number {
    return this.receiveOffset(this.#shape.receiveBuffers + buffer);
  }

  receiveOffset(buffer: number): number {
    return this.#lease.offset + buffer * this.#shape.messageBytesMax;
  }

  get scratchOffset(): number {
    return this.receiveOffset(this.#shape.receiveBuffers + this.#shape.sendBuffers);
  }

  receivedView(buffer: number, length: number): Uint8Array {
    const start = buffer * this.#shape.messageBytesMax;
    return this.#lease.view.subarray(start, start + length);
  }

  release(): void {
    this.#lease.release();
  }
}
