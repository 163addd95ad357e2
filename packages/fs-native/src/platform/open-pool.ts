/** A buffer pool over the system's memory: from the addon page-aligned, else plain. */
import type { Region } from "../memory/lease.ts";
import { BufferPool, type PoolDeps, type PoolSettings } from "../memory/pool.ts";
import { type CoreAddon, coreAddon } from "./core-addon.ts";
import { OwnedDescriptor } from "./shared/descriptor.ts";
import { SEAL_FUTURE_WRITE, SEAL_GROW, SEAL_ITSELF, SEAL_SHRINK } from "./shared/seals.ts";

export interface OpenPoolOptions extends Partial<PoolSettings> {
  /** Pages of 2 MiB, where enough are set aside (`vm.nr_hugepages`); ordinary ones else. */
  readonly hugePages?: boolean;
  /** Memory that other processes can be shown, where the system has that: see {@link Region.shown}. Default false. */
  readonly showable?: boolean;
  /** Told of a lease that was forgotten without being released; warns when not given. */
  readonly leaked?: PoolDeps["leaked"];
}

const HUGE_PAGES = 1;

export function openBufferPool(options: OpenPoolOptions = {}): BufferPool {
  const { hugePages = false, showable = false, leaked = warn, ...settings } = options;
  const allocate = (bytes: number): Omit<Region, "id"> => allocated(bytes, { hugePages, showable });
  return new BufferPool({ allocate, leaked }, settings);
}

function allocated(
  bytes: number,
  { hugePages, showable }: { readonly hugePages: boolean; readonly showable: boolean },
): Omit<Region, "id"> {
  const core = coreAddon();
  if (core.kind === "missing") return { buffer: new ArrayBuffer(bytes), alignment: 1 };
  const { addon } = core;
  if (showable) {
    try {
      return showableMemory(addon, bytes);
    } catch {
      // Not on this system, or no descriptor is left: memory that nobody else sees will do.
    }
  }
  if (hugePages) {
    try {
      return { buffer: addon.allocatePages(bytes, HUGE_PAGES), alignment: 2 * 2 ** 20 };
    } catch {
      // None are set aside, or too few are left.
    }
  }
  return { buffer: addon.allocatePages(bytes, 0), alignment: addon.pageBytes() };
}

function showableMemory(addon: CoreAddon, bytes: number): Omit<Region, "id"> {
  const shown = new OwnedDescriptor(addon, addon.memfdOpen("pond pool", bytes));
  try {
    const buffer = addon.mapShared(shown.fd, 0, bytes, true);
    addon.seal(shown.fd, SEAL_SHRINK | SEAL_GROW | SEAL_FUTURE_WRITE);
    addon.seal(shown.fd, SEAL_ITSELF);
    return { buffer, alignment: addon.pageBytes(), shown };
  } catch (error) {
    shown.close();
    throw error;
  }
}

function warn({ bytes }: { readonly bytes: number }): void {
  process.emitWarning(`a lease of ${bytes} bytes was forgotten without being released`, "LeaseLeak");
}
