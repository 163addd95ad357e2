/** Opens a disk queue over the best engine there is. */
import { constants } from "node:fs";
import * as fs from "node:fs/promises";
import { assert, assertOpenOptions, type DiskError, diskError, type Result } from "@smallpond/base";
import type { DiskQueue, QueueFile, QueueOpenOptions, QueueOperation } from "../../disk/disk-queue.ts";
import type { Engine } from "../../disk/engine.ts";
import { transferOf } from "../../disk/transfer.ts";
import { coreAddon } from "../core-addon.ts";
import { diskErrorFrom } from "./disk-errors.ts";
import { EngineQueueFile } from "./queue-file.ts";
import { ThreadEngine } from "./thread-engine.ts";
import { UringEngine } from "./uring-engine.ts";

export interface DiskQueueSettings {
  /** `auto` takes io_uring where it works. `io_uring` fails where it does not. */
  readonly engine: "auto" | "io_uring" | "threads";
  /** Operations with the kernel at once; further ones wait. At most 4,096. */
  readonly depth: number;
  /** Operations that may wait; further ones fail with `EBUSY` (kind `retry`). */
  readonly waitingMax: number;
  /** Microseconds of a busy core to wait for further completions before the loop sleeps. */
  readonly spinMicroseconds: number;
}

export const DEFAULT_QUEUE_SETTINGS: DiskQueueSettings = {
  engine: "auto",
  depth: 256,
  waitingMax: 65_536,
  spinMicroseconds: 0,
};

const DEPTH_MAX = 4_096;
/** What every device of ours takes, where the kernel does not say more exactly. */
const COMMON_ALIGNMENT = 4_096;

export function openDiskQueue(settings: Partial<DiskQueueSettings> = {}): DiskQueue {
  const all = { ...DEFAULT_QUEUE_SETTINGS, ...settings };
  assert(Number.isSafeInteger(all.depth), "depth is a whole number");
  assert(all.depth >= 1 && all.depth <= DEPTH_MAX, `depth is from 1 to ${DEPTH_MAX}`);
  return new EngineQueue(openEngine(all));
}

function openEngine(settings: DiskQueueSettings): Engine {
  if (settings.engine === "threads") return new ThreadEngine(settings);
  const core = coreAddon();
  if (core.kind === "loaded" && "ringOpen" in core.addon) {
    try {
      return new UringEngine(core.addon, settings);
    } catch (error) {
      if (settings.engine === "io_uring") throw diskErrorFrom(error, "open", "an io_uring");
    }
  }
  if (settings.engine === "auto") return new ThreadEngine(settings);
  const reason = core.kind === "missing" ? core.reason : "not for this system";
  throw diskError("ENOSYS", { operation: "open", path: `an io_uring (core.node: ${reason})` });
}

class EngineQueue implements DiskQueue {
  readonly #engine: Engine;
  #closing: Promise<void> | undefined;
  #ended: (() => void) | undefined;
  #running = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get kind(): DiskQueue["kind"] {
    return this.#engine.kind;
  }

  get inFlight(): number {
    return this.#engine.inFlight;
  }

  get waiting(): number {
    return this.#engine.waiting;
  }

  async open(path: string, options: QueueOpenOptions): Promise<QueueFile> {
    assertOpenOptions(options);
    if (this.#closing !== undefined) throw diskError("EBADF", { operation: "open", path });
    const { handle, direct } = await openFile(path, options);
    try {
      const alignment = direct ? directAlignment(handle.fd) : { position: 1, memory: 1 };
      if (alignment !== undefined) {
        const isClosed = (): boolean => this.#closing !== undefined;
        return new EngineQueueFile(this.#engine, handle, { path, direct, alignment, isClosed });
      }
      // The file system took the flag, and says now that it cannot.
      await handle.close();
      if (options.direct === true) throw diskError("EINVAL", { operation: "open", path });
      return await this.open(path, { ...options, direct: false });
    } catch (error) {
      await handle.close().catch(() => {});
      throw error;
    }
  }

  run(operations: readonly QueueOperation[]): Promise<readonly Result<number, DiskError>[]> {
    const results = new Array<Result<number, DiskError>>(operations.length);
    let left = operations.length;
    if (left === 0) return Promise.resolve(results);
    this.#running++;
    return new Promise((resolve) => {
      operations.forEach(({ kind, file, memory, position }, i) => {
        assert(file instanceof EngineQueueFile, "a queue runs operations on files that a queue opened");
        file.start(transferOf(kind, memory, position), (result) => {
          results[i] = result;
          left--;
          if (left > 0) return;
          this.#running--;
          if (this.#running === 0) this.#ended?.();
          resolve(results);
        });
      });
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        this.#ended = resolve;
      });
    }
    while (this.#engine.inFlight + this.#engine.waiting > 0) await new Promise((next) => setImmediate(next));
    await this.#engine.close();
  }
}

interface Opened {
  readonly handle: fs.FileHandle;
  readonly direct: boolean;
}

async function openFile(path: string, options: QueueOpenOptions): Promise<Opened> {
  const flags = flagsOf(options);
  const wanted = options.direct ?? false;
  // Unaligned memory makes every direct operation fail, and only the addon's is aligned.
  const possible = constants.O_DIRECT !== undefined && coreAddon().kind === "loaded";
  try {
    if (wanted === false || (wanted === "prefer" && !possible)) {
      return { handle: await fs.open(path, flags), direct: false };
    }
    if (!possible) throw diskError("EINVAL", { operation: "open", path });
    return { handle: await fs.open(path, flags | constants.O_DIRECT), direct: true };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (wanted === "prefer" && code === "EINVAL") return await openFile(path, { ...options, direct: false });
    throw diskErrorFrom(error, "open", path);
  }
}

function flagsOf({ read = false, write = false, create, exclusive, truncate }: QueueOpenOptions): number {
  const access = read && write ? constants.O_RDWR : write ? constants.O_WRONLY : constants.O_RDONLY;
  return (
    access |
    (create ? constants.O_CREAT : 0) |
    (exclusive ? constants.O_EXCL : 0) |
    (truncate ? constants.O_TRUNC : 0)
  );
}

/** Undefined when the kernel says that the file cannot be used directly after all. */
function directAlignment(fd: number): QueueFile["alignment"] | undefined {
  const core = coreAddon();
  assert(core.kind === "loaded", "direct files need the addon");
  const packed = core.addon.directAlignment(fd);
  if (packed === 0) return undefined;
  if (packed < 0) return { position: COMMON_ALIGNMENT, memory: COMMON_ALIGNMENT };
  return { position: Math.floor(packed / 65_536), memory: packed % 65_536 };
}
