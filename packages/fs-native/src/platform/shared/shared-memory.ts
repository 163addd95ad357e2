/** Shared memory by the addon: files of a memory file system, and sealed memory without a name. */
import { constants, fstatSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { getSystemErrorName } from "node:util";
import { assert, isPondError } from "@smallpond/base";
import { BufferLease, type LeaseHome, newRegionId, type Region } from "../../memory/lease.ts";
import { type SharedMemory, type SharedMemoryError, sharedMemoryError } from "../../shared/shared-memory.ts";
import { type CoreAddon, coreAddon } from "../core-addon.ts";
import { OwnedDescriptor } from "./descriptor.ts";
import { SEAL_GROW, SEAL_ITSELF, SEAL_SHRINK } from "./seals.ts";

export interface CreateMemoryOptions {
  readonly bytes: number;
  /** Who may open it, as for chmod; the umask does not count. Default 0o600. */
  readonly mode?: number;
}

export interface OpenMemoryOptions {
  /** Default false. */
  readonly writable?: boolean;
  /** Fails with `TOO_SMALL` when there are fewer. Default 1. */
  readonly bytesMin?: number;
}

export interface SealedMemoryOptions {
  readonly bytes: number;
  /** What /proc calls it. */
  readonly name?: string;
}

export interface AdoptMemoryOptions extends OpenMemoryOptions {
  /**
   * Also takes memory that whoever made it could still make smaller: a use of what is gone then ends the process
   * (SIGBUS). Default false.
   */
  readonly trusted?: boolean;
}

/** Reserving is quick, but not so quick that the event loop should wait for gigabytes of it. */
const RESERVE_BYTES = 64 * 2 ** 20;

/**
 * Makes a file in memory, such as `/dev/shm/name`, and maps it. All of it is reserved, and only then is it there by its
 * name: nobody sees half of it, and a full file system is `ENOSPC` now and not a SIGBUS later. Others open it by its
 * path and can also cut it; for people one does not trust, see {@link createSealedMemory}.
 */
export async function createSharedMemory(path: string, options: CreateMemoryOptions): Promise<SharedMemory> {
  return await made("create", path, async (addon) => {
    const descriptor = new OwnedDescriptor(addon, addon.fdTemporary(dirname(path), options.mode ?? 0o600));
    return await orClosed(descriptor, async () => {
      await reserve(addon, descriptor.fd, options.bytes, path);
      const memory = mapped(addon, descriptor, { name: path, bytes: options.bytes, writable: true });
      addon.fdLink(descriptor.fd, path);
      return memory;
    });
  });
}

/** Maps the file that another process created. */
export async function openSharedMemory(path: string, options: OpenMemoryOptions = {}): Promise<SharedMemory> {
  const { writable = false } = options;
  return await made("open", path, (addon) => {
    const access = writable ? constants.O_RDWR : constants.O_RDONLY;
    const descriptor = new OwnedDescriptor(addon, addon.fdOpen(path, access | constants.O_NOFOLLOW, 0));
    return orClosed(descriptor, () => mappedWhole(addon, descriptor, path, options));
  });
}

/** Removes the name of shared memory; what is mapped stays. Whether there was one. */
export function removeSharedMemory(path: string): boolean {
  try {
    rmSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw failure(error, "remove", path);
  }
}

/**
 * Makes memory without a name, to be passed as a descriptor. Its size is sealed: nobody can make it smaller, so that
 * using it is safe for every process that has it.
 */
export async function createSealedMemory(options: SealedMemoryOptions): Promise<SharedMemory> {
  const { bytes, name = "pond" } = options;
  return await made("create", name, async (addon) => {
    const descriptor = new OwnedDescriptor(addon, addon.memfdOpen(name, bytes));
    return await orClosed(descriptor, async () => {
      await reserve(addon, descriptor.fd, bytes, name);
      addon.seal(descriptor.fd, SEAL_SHRINK | SEAL_GROW | SEAL_ITSELF);
      return mapped(addon, descriptor, { name, bytes, writable: true });
    });
  });
}

/** Maps memory that came as a descriptor, and takes that over, also when it fails. */
export async function adoptSharedMemory(fd: number, options: AdoptMemoryOptions = {}): Promise<SharedMemory> {
  const name = `of descriptor ${fd}`;
  return await made("adopt", name, (addon) => {
    const descriptor = new OwnedDescriptor(addon, fd);
    return orClosed(descriptor, () => {
      const seals = addon.sealsOf(fd);
      if (options.trusted !== true && (seals < 0 || (seals & SEAL_SHRINK) === 0)) {
        throw sharedMemoryError("NOT_SEALED", { operation: "adopt", name });
      }
      return mappedWhole(addon, descriptor, name, options);
    });
  });
}

class MappedMemory implements SharedMemory, LeaseHome {
  readonly name: string;
  readonly bytes: number;
  readonly region: Region;
  readonly isWritable: boolean;
  readonly #addon: CoreAddon;
  readonly #descriptor: OwnedDescriptor;
  #leases = 0;
  #isClosed = false;

  constructor(
    addon: CoreAddon,
    descriptor: OwnedDescriptor,
    region: Region,
    options: { name: string; writable: boolean },
  ) {
    this.#addon = addon;
    this.#descriptor = descriptor;
    this.region = region;
    this.bytes = region.buffer.byteLength;
    this.name = options.name;
    this.isWritable = options.writable;
  }

  get descriptor(): number {
    return this.#descriptor.fd;
  }

  lease(part: { readonly offset?: number; readonly length?: number } = {}): BufferLease {
    const { offset = 0, length = this.bytes - offset } = part;
    assert(Number.isSafeInteger(offset) && offset >= 0, "a lease begins within its memory");
    assert(Number.isSafeInteger(length) && length >= 0, "a lease has a whole number of bytes");
    assert(offset + length <= this.bytes, "a lease ends within its memory");
    this.#leases++;
    return new BufferLease(this, this.region, { offset, length });
  }

  passed({ offset, length }: BufferLease): BufferLease {
    return new BufferLease(this, this.region, { offset, length });
  }

  released(): void {
    this.#leases--;
  }

  close(): void {
    assert(this.#leases === 0, "leases of shared memory are given back before it closes");
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#descriptor.close();
    this.#addon.dropPages(this.region.buffer);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function mapped(
  addon: CoreAddon,
  descriptor: OwnedDescriptor,
  { name, bytes, writable }: { readonly name: string; readonly bytes: number; readonly writable: boolean },
): SharedMemory {
  const buffer = addon.mapShared(descriptor.fd, 0, bytes, writable);
  return new MappedMemory(
    addon,
    descriptor,
    { id: newRegionId(), buffer, alignment: addon.pageBytes() },
    { name, writable },
  );
}

function mappedWhole(
  addon: CoreAddon,
  descriptor: OwnedDescriptor,
  name: string,
  { writable = false, bytesMin = 1 }: OpenMemoryOptions,
): SharedMemory {
  const { size } = fstatSync(descriptor.fd);
  if (size < bytesMin) throw sharedMemoryError("TOO_SMALL", { operation: "map", name });
  return mapped(addon, descriptor, { name, bytes: size, writable });
}

async function reserve(addon: CoreAddon, fd: number, bytes: number, name: string): Promise<void> {
  for (let at = 0; at < bytes; at += RESERVE_BYTES) {
    const reserved = addon.reserve(fd, at, Math.min(RESERVE_BYTES, bytes - at));
    if (reserved < 0) throw sharedMemoryError(getSystemErrorName(reserved), { operation: "create", name });
    if (at > 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function made(
  operation: string,
  name: string,
  make: (addon: CoreAddon) => SharedMemory | Promise<SharedMemory>,
): Promise<SharedMemory> {
  const core = coreAddon();
  if (core.kind === "missing" || !("memfdOpen" in core.addon)) {
    const reason = core.kind === "missing" ? `core.node is ${core.reason}` : "not on this system";
    throw sharedMemoryError("NATIVE_MISSING", { operation, name }, { reason });
  }
  try {
    return await make(core.addon);
  } catch (error) {
    throw failure(error, operation, name);
  }
}

async function orClosed<T>(descriptor: OwnedDescriptor, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    descriptor.close();
    throw error;
  }
}

function failure(error: unknown, operation: string, name: string): SharedMemoryError {
  if (isPondError(error)) return error as SharedMemoryError;
  const { code = "EOTHER" } = error as NodeJS.ErrnoException;
  return sharedMemoryError(code, { operation, name }, { cause: error });
}
