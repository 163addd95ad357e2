/** Memory that is lent: used by one owner at a time, given back once. */
import { assert } from "@smallpond/base";

/** One piece of memory that a kernel or a network card may be told about as a whole. */
export interface Region {
  /** Different for every region of the process. */
  readonly id: number;
  readonly buffer: ArrayBuffer;
  /** What its first byte's address is a multiple of; 1 where nobody knows. */
  readonly alignment: number;
  /** Of memory that other processes may be shown, and map without being able to change it. Open as long as the region lives. */
  readonly shown?: { readonly fd: number };
}

let regions = 0;

/** A number no other region of this process has. */
export function newRegionId(): number {
  return regions++;
}

/**
 * A piece of a pool's memory. Whoever holds it may read and write `view` until `release`, or until it passes the lease
 * on; a use after that is a broken invariant, not a wrong byte. A lease in an operation under way is not released
 * before the operation has ended.
 */
export class BufferLease implements Disposable {
  readonly region: Region;
  /** Where the memory begins in its region. */
  readonly offset: number;
  readonly length: number;
  readonly #home: LeaseHome;
  #view: Uint8Array | undefined;

  constructor(home: LeaseHome, region: Region, { offset, length }: { offset: number; length: number }) {
    this.#home = home;
    this.region = region;
    this.offset = offset;
    this.length = length;
    this.#view = new Uint8Array(region.buffer, offset, length);
  }

  /** The memory. Keep the lease, not the view: a view outlives what it shows. */
  get view(): Uint8Array {
    assert(this.#view !== undefined, "the lease was released or passed on");
    return this.#view;
  }

  get isHeld(): boolean {
    return this.#view !== undefined;
  }

  /** Hands the memory to another owner, as the lease that is returned; this one is spent. */
  pass(): BufferLease {
    assert(this.#view !== undefined, "the lease was released or passed on");
    this.#view = undefined;
    return this.#home.passed(this);
  }

  /** Gives the memory back. Once. */
  release(): void {
    assert(this.#view !== undefined, "the lease was released or passed on");
    const view = this.#view;
    this.#view = undefined;
    this.#home.released(this, view);
  }

  /** Releases unless that has happened, or the lease was passed on. */
  [Symbol.dispose](): void {
    if (this.isHeld) this.release();
  }
}

/** Part of a lease; the whole of it when nothing is given. Bytes. */
export interface LeasePart {
  readonly lease: BufferLease;
  readonly offset?: number;
  readonly length?: number;
}

/** Where a lease goes back to. */
export interface LeaseHome {
  passed(lease: BufferLease): BufferLease;
  released(lease: BufferLease, view: Uint8Array): void;
}
