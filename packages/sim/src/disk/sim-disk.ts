/** A machine's disk as one incarnation of a process sees it: slow, failing, and forgetful about what was not synced. */
import {
  assertOpenOptions,
  type DirectoryEntry,
  type Disk,
  type DiskErrorDetails,
  type DiskFile,
  type DiskStat,
  diskError,
  type FromTo,
  type OpenOptions,
  type Random,
  type TempDirectory,
  type WriteFileOptions,
} from "@smallpond/base";
import type { Lifetime } from "../world/lifetime.ts";
import type { DiskFaults } from "./faults.ts";
import type { DiskImage } from "./image.ts";
import { SimFile } from "./sim-file.ts";

/** What one call does, whole; in part, if it dies half-way; and on an I/O error. */
export interface DiskWork<T> {
  readonly run: () => T;
  readonly half?: (() => void) | undefined;
  readonly spoil?: (() => void) | undefined;
  /** Decides how long it takes. */
  readonly bytes?: number;
  readonly sync?: boolean;
}

export class SimDisk implements Disk {
  readonly #lifetime: Lifetime;
  readonly #image: DiskImage;
  readonly #faults: DiskFaults;
  readonly #random: Random;
  /** What the kernel is doing for this process; finished, half done or not begun when the process is killed. */
  readonly #flights: Set<DiskWork<unknown>> = new Set();

  constructor(deps: {
    readonly lifetime: Lifetime;
    readonly image: DiskImage;
    readonly faults: DiskFaults;
    readonly random: Random;
  }) {
    this.#lifetime = deps.lifetime;
    this.#image = deps.image;
    this.#faults = deps.faults;
    this.#random = deps.random;
    deps.lifetime.onDeath(() => this.#landFlights());
  }

  open(path: string, options: OpenOptions): Promise<DiskFile> {
    return this.#call({ operation: "open", path }, (details) => {
      assertOpenOptions(options);
      return {
        run: () => {
          const node = this.#image.open(path, options, details);
          const host = { lifetime: this.#lifetime, image: this.#image, call: this.#call.bind(this) };
          return new SimFile(host, { path, node, options });
        },
      };
    });
  }

  readFile(path: string): Promise<Uint8Array> {
    return this.#call({ operation: "readFile", path }, (details) => ({
      run: () => {
        const { contents } = this.#image.file(path, details);
        return contents.view(0, contents.size).slice();
      },
    }));
  }

  writeFile(path: string, data: Uint8Array | string, options: WriteFileOptions = {}): Promise<void> {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data.slice();
    return this.#call({ operation: "writeFile", path }, (details) =>
      this.#replace({ path, options, details, bytes: () => bytes }),
    );
  }

  copyFile(paths: FromTo, options: WriteFileOptions = {}): Promise<void> {
    return this.#call({ operation: "copyFile", path: paths.from, to: paths.to }, (details) => {
      const bytes = (): Uint8Array => {
        const { contents } = this.#image.file(paths.from, details);
        return contents.view(0, contents.size).slice();
      };
      return this.#replace({ path: paths.to, options, details, bytes });
    });
  }

  rename(paths: FromTo): Promise<void> {
    return this.#call({ operation: "rename", path: paths.from, to: paths.to }, (details) => ({
      run: () => this.#image.rename(paths, details),
    }));
  }

  link(paths: FromTo): Promise<void> {
    return this.#call({ operation: "link", path: paths.from, to: paths.to }, (details) => ({
      run: () => this.#image.link(paths, details),
    }));
  }

  unlink(path: string): Promise<void> {
    return this.#call({ operation: "unlink", path }, (details) => ({
      run: () => this.#image.unlink(path, details),
    }));
  }

  mkdir(path: string, options: { readonly recursive?: boolean } = {}): Promise<void> {
    return this.#call({ operation: "mkdir", path }, (details) => ({
      run: () => this.#image.mkdir(path, options.recursive ?? false, details),
    }));
  }

  readdir(path: string): Promise<readonly DirectoryEntry[]> {
    return this.#call({ operation: "readdir", path }, (details) => ({
      run: () => this.#image.readdir(path, details),
    }));
  }

  stat(path: string): Promise<DiskStat> {
    return this.#call({ operation: "stat", path }, (details) => ({
      run: () => this.#image.stat(path, details),
    }));
  }

  realPath(path: string): Promise<string> {
    return this.#call({ operation: "realPath", path }, (details) => ({
      run: () => this.#image.realPath(path, details),
    }));
  }

  exists(path: string): Promise<boolean> {
    return this.#call({ operation: "exists", path }, () => ({ run: () => this.#image.exists(path) }));
  }

  removeTree(path: string): Promise<void> {
    return this.#call({ operation: "removeTree", path }, (details) => ({
      run: () => this.#image.removeTree(path, details),
    }));
  }

  syncDirectory(path: string): Promise<void> {
    return this.#call({ operation: "syncDirectory", path }, (details) => ({
      run: () => this.#image.syncDirectory(path, details),
      sync: true,
    }));
  }

  freeBytes(path: string): Promise<number> {
    return this.#call({ operation: "freeBytes", path }, (details) => ({
      run: () => this.#image.freeBytes(path, details),
    }));
  }

  tempDirectory(
    options: { readonly parent?: string; readonly prefix?: string } = {},
  ): Promise<TempDirectory> {
    const stem = `${options.parent ?? "/tmp"}/${options.prefix ?? "smallpond-"}`;
    return this.#call({ operation: "tempDirectory", path: stem }, (details) => ({
      run: () => {
        let path = "";
        do
          path = `${stem}${this.#random
            .int(36 ** 6)
            .toString(36)
            .padStart(6, "0")}`;
        while (this.#image.exists(path));
        this.#image.mkdir(path, false, details);
        return { path, [Symbol.asyncDispose]: () => this.removeTree(path) };
      },
    }));
  }

  #replace(file: {
    readonly path: string;
    readonly options: WriteFileOptions;
    readonly details: DiskErrorDetails;
    readonly bytes: () => Uint8Array;
  }): DiskWork<void> {
    const put = (share: number): void => {
      const bytes = file.bytes();
      const part = bytes.subarray(0, Math.floor(bytes.length * share));
      const exclusive = file.options.exclusive ?? false;
      const node = this.#image.replace(file.path, part, exclusive, file.details);
      if (file.options.sync && share === 1) this.#image.sync(node);
    };
    const half = (): void => put(this.#random.next());
    return { run: () => put(1), half, spoil: half, sync: file.options.sync ?? false };
  }

  /** One call through the seam: it takes its time, may fail, and then has its effect in one step. */
  #call<T>(details: DiskErrorDetails, plan: (details: DiskErrorDetails) => DiskWork<T>): Promise<T> {
    const text = `disk.${details.operation} ${details.path}${details.to === undefined ? "" : ` ${details.to}`}`;
    // A broken promise of the caller's shows at once, whatever the disk would have said.
    let work: DiskWork<T>;
    try {
      work = plan(details);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    const { delayMs, fails } = this.#faults.draw(this.#random, {
      bytes: work.bytes ?? 0,
      sync: work.sync ?? false,
    });
    const mutation = !READS.has(details.operation);
    if (mutation && this.#lifetime.alive) this.#flights.add(work);
    return this.#lifetime.perform(text, delayMs, () => {
      this.#flights.delete(work);
      if (!fails) return work.run();
      if (this.#random.next() < 0.5) attempt(work.spoil);
      throw diskError("EIO", details);
    });
  }

  /** The process died: the kernel finishes what it was doing for it, or had not begun, or was cut off half-way. */
  #landFlights(): void {
    for (const work of this.#flights) {
      const luck = this.#random.next();
      if (luck < 0.4) attempt(work.run);
      else if (luck < 0.7) attempt(work.half);
    }
    this.#flights.clear();
  }
}

/** Errors have nobody left to tell. */
function attempt(effect: (() => unknown) | undefined): void {
  try {
    effect?.();
  } catch {
    return;
  }
}

const READS: ReadonlySet<string> = new Set([
  "open",
  "readFile",
  "readAt",
  "readdir",
  "stat",
  "realPath",
  "size",
  "exists",
  "freeBytes",
]);
