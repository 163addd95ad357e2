/** A buffer pool over the system's memory: from the addon page-aligned, else plain. */
import { BufferPool, type PoolDeps, type PoolSettings } from "../memory/pool.ts";
import { coreAddon } from "./core-addon.ts";

export interface OpenPoolOptions extends Partial<PoolSettings> {
  /** Pages of 2 MiB, where enough are set aside (`vm.nr_hugepages`); ordinary ones else. */
  readonly hugePages?: boolean;
  /** Told of a lease that was forgotten without being released; warns when not given. */
  readonly leaked?: PoolDeps["leaked"];
}

const HUGE_PAGES = 1;

export function openBufferPool(options: OpenPoolOptions = {}): BufferPool {
  const { hugePages = false, leaked = warn, ...settings } = options;
  return new BufferPool({ allocate: (bytes) => allocate(bytes, hugePages), leaked }, settings);
}

function allocate(bytes: number, hugePages: boolean): { buffer: ArrayBuffer; alignment: number } {
  const core = coreAddon();
  if (core.kind === "missing") return { buffer: new ArrayBuffer(bytes), alignment: 1 };
  const { addon } = core;
  if (hugePages) {
    try {
      return { buffer: addon.allocatePages(bytes, HUGE_PAGES), alignment: 2 * 2 ** 20 };
    } catch {
      // None are set aside, or too few are left.
    }
  }
  return { buffer: addon.allocatePages(bytes, 0), alignment: addon.pageBytes() };
}

function warn({ bytes }: { readonly bytes: number }): void {
  process.emitWarning(`a lease of ${bytes} bytes was forgotten without being released`, "LeaseLeak");
}
