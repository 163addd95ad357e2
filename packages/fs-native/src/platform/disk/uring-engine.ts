/**
 * The engine over io_uring. Operations of one turn of the event loop go to the kernel in one call; completions wake the
 * loop through an eventfd, so that an idle queue costs nothing.
 */
import { assert } from "@smallpond/base";
import type { AllocateMode, Engine, EngineFile, EngineTransfer } from "../../disk/engine.ts";
import type { Region } from "../../memory/lease.ts";
import type { CoreAddon, RingHandle } from "../core-addon.ts";
import { ALLOCATE, ASYNC, OPCODE, type TableOperation, UringTable } from "./uring-table.ts";

export interface UringSettings {
  /** Operations with the kernel at once. */
  readonly depth: number;
  /** Operations that may wait behind those. */
  readonly waitingMax: number;
  /** Microseconds to wait for further completions before the loop sleeps; 0 for none. */
  readonly spinMicroseconds: number;
}

interface Pending extends TableOperation {
  readonly done: (result: number) => void;
}

const NO_REGION = -1;

/** A read of up to this many bytes that the page cache has takes less time than a thread that would do it. */
const INLINE_BYTES_MAX = 64 * 1024;

export class UringEngine implements Engine {
  readonly kind = "io_uring";
  readonly #addon: CoreAddon;
  readonly #settings: UringSettings;
  readonly #table: UringTable;
  readonly #ring: RingHandle;
  readonly #regions = new Map<number, number>();
  readonly #pending: (Pending | undefined)[];
  readonly #freeIds: number[];
  #queue: Pending[] = [];
  #next = 0;
  #flushing = false;

  /** Throws the addon's error (`ENOSYS`, `EPERM`, …) where the kernel or a sandbox has no io_uring to offer. */
  constructor(addon: CoreAddon, settings: UringSettings) {
    this.#addon = addon;
    this.#settings = settings;
    this.#table = new UringTable(settings.depth);
    this.#pending = new Array<Pending | undefined>(settings.depth).fill(undefined);
    this.#freeIds = Array.from({ length: settings.depth }, (_, i) => settings.depth - 1 - i);
    this.#ring = addon.ringOpen(settings.depth, this.#table.buffer, (count) => this.#completed(count));
    addon.ringHold(this.#ring, false);
    if (settings.spinMicroseconds > 0) addon.ringSpin(this.#ring, settings.spinMicroseconds);
  }

  get inFlight(): number {
    return this.#settings.depth - this.#freeIds.length;
  }

  get waiting(): number {
    return this.#queue.length - this.#next;
  }

  get hasRoom(): boolean {
    return this.waiting < this.#settings.waitingMax;
  }

  attach(fd: number, direct: boolean): EngineFile {
    return { fd, direct, handle: this.#addon.ringFile(this.#ring, fd) };
  }

  detach(file: EngineFile): void {
    this.#addon.ringForget(this.#ring, file.handle);
  }

  transfer({ kind, file, region, offset, length, position, done }: EngineTransfer): void {
    // What has to wait for the disk waits without holding up this thread, except for writes to the page cache.
    const inline = file.direct || (kind === "read" && length <= INLINE_BYTES_MAX);
    const opcode = OPCODE[kind] | (inline ? 0 : ASYNC);
    this.#add({ opcode, file: file.handle, region: this.#regionOf(region), offset, length, position, done });
  }

  async sync(file: EngineFile, dataOnly: boolean): Promise<number> {
    const opcode = dataOnly ? OPCODE.datasync : OPCODE.sync;
    return await this.#call({
      opcode,
      file: file.handle,
      region: NO_REGION,
      offset: 0,
      length: 0,
      position: 0,
    });
  }

  async allocate(file: EngineFile, mode: AllocateMode, position: number, bytes: number): Promise<number> {
    const region = ALLOCATE[mode];
    return await this.#call({
      opcode: OPCODE.allocate,
      file: file.handle,
      region,
      offset: 0,
      length: bytes,
      position,
    });
  }

  async close(): Promise<void> {
    assert(this.inFlight + this.waiting === 0, "a ring is closed when nothing is under way");
    await new Promise<void>((resolve) => this.#addon.ringClose(this.#ring, resolve));
  }

  #call(operation: TableOperation): Promise<number> {
    return new Promise((done) => this.#add({ ...operation, done }));
  }

  #regionOf(region: Region): number {
    let index = this.#regions.get(region.id);
    if (index === undefined) {
      index = this.#addon.ringRegion(this.#ring, region.buffer);
      this.#regions.set(region.id, index);
    }
    return index;
  }

  #add(pending: Pending): void {
    if (this.inFlight + this.waiting === 0) this.#addon.ringHold(this.#ring, true);
    this.#queue.push(pending);
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.#flush());
  }

  /** Hands over what there is room for. */
  #flush(): void {
    this.#flushing = false;
    const count = Math.min(this.waiting, this.#freeIds.length);
    if (count === 0) return;
    for (let i = 0; i < count; i++) {
      const pending = this.#queue[this.#next++]!;
      const id = this.#freeIds.pop()!;
      this.#pending[id] = pending;
      this.#table.put(i, id, pending);
    }
    if (this.#next === this.#queue.length) {
      this.#queue = [];
      this.#next = 0;
    }
    const taken = this.#addon.ringSubmit(this.#ring, count);
    assert(taken === count, `the kernel's queue has room for ${count} operations, but took ${taken}`);
  }

  #completed(count: number): void {
    // All outcomes are taken before anybody hears of one: what they do next writes to the table.
    const ended: { readonly pending: Pending; readonly result: number }[] = [];
    for (let i = 0; i < count; i++) {
      const id = this.#table.id(i);
      const pending = this.#pending[id];
      assert(pending !== undefined, `operation ${id} ended twice`);
      this.#pending[id] = undefined;
      this.#freeIds.push(id);
      ended.push({ pending, result: this.#table.result(i) });
    }
    for (const { pending, result } of ended) pending.done(result);
    if (this.waiting > 0 && !this.#flushing) this.#flush();
    if (this.inFlight + this.waiting === 0) this.#addon.ringHold(this.#ring, false);
  }
}
