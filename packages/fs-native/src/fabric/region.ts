/** Places in memory, as callers give them and as drivers want them. */
import { assert } from "@smallpond/base";
import { BufferLease, type LeasePart, type Region } from "../memory/lease.ts";
import type { RegionPart } from "./driver.ts";
import type { FabricRegion, RemoteRegion } from "./fabric.ts";

export class RegisteredRegion implements FabricRegion {
  readonly key: bigint;
  readonly base: bigint;
  readonly bytes: number;
  #unregister: (() => void) | undefined;

  constructor({ key, base, bytes }: RemoteRegion, unregister: () => void) {
    this.key = key;
    this.base = base;
    this.bytes = bytes;
    this.#unregister = unregister;
  }

  close(): void {
    const unregister = this.#unregister;
    this.#unregister = undefined;
    unregister?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** The lease, and where in it. */
export function partOf(memory: BufferLease | LeasePart): Required<LeasePart> {
  if (memory instanceof BufferLease) {
    assert(memory.isHeld, "the lease was released or passed on");
    return { lease: memory, offset: 0, length: memory.length };
  }
  const { lease, offset = 0, length = lease.length - offset } = memory;
  assert(lease.isHeld, "the lease was released or passed on");
  assertInside({ offset, length, bytes: lease.length }, "the lease");
  return { lease, offset, length };
}

export function regionPartOf(memory: Region | BufferLease | LeasePart): RegionPart {
  if ("buffer" in memory) return { region: memory, offset: 0, length: memory.buffer.byteLength };
  const { lease, offset, length } = partOf(memory);
  return { region: lease.region, offset: lease.offset + offset, length };
}

/** A place outside is a bug of the caller's: nothing that a peer said goes unchecked up to here. */
export function assertInside(
  { offset, length, bytes }: { readonly offset: number; readonly length: number; readonly bytes: number },
  whole: string,
): void {
  assert(Number.isSafeInteger(offset) && offset >= 0, `offset ${offset} is a whole number`);
  assert(Number.isSafeInteger(length) && length >= 0, `length ${length} is a whole number`);
  assert(offset + length <= bytes, `${length} bytes at ${offset} are inside ${whole} of ${bytes}`);
}
