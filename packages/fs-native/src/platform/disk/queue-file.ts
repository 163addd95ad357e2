/** A file of a disk queue, whichever engine carries its operations out. */
import type * as fs from "node:fs/promises";
import { assert, type DiskError, err, ok, type Result } from "@smallpond/base";
import type { QueueFile } from "../../disk/disk-queue.ts";
import type { AllocateMode, Engine, EngineFile } from "../../disk/engine.ts";
import { carryOut, ERRNO, refusal, type Transfer, transferOf } from "../../disk/transfer.ts";
import type { BufferLease, LeasePart } from "../../memory/lease.ts";
import { diskErrorFrom, diskErrorOf } from "./disk-errors.ts";

export interface QueueFileSettings {
  readonly path: string;
  readonly direct: boolean;
  readonly alignment: QueueFile["alignment"];
  /** Of the queue: whether it was closed. */
  readonly isClosed: () => boolean;
}

export class EngineQueueFile implements QueueFile {
  readonly path: string;
  readonly direct: boolean;
  readonly alignment: QueueFile["alignment"];
  readonly #engine: Engine;
  readonly #handle: fs.FileHandle;
  readonly #file: EngineFile;
  readonly #isQueueClosed: () => boolean;
  #inFlight = 0;
  #idle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(engine: Engine, handle: fs.FileHandle, settings: QueueFileSettings) {
    this.#engine = engine;
    this.#handle = handle;
    this.path = settings.path;
    this.direct = settings.direct;
    this.alignment = settings.alignment;
    this.#isQueueClosed = settings.isClosed;
    this.#file = engine.attach(handle.fd, settings.direct);
  }

  async read(into: BufferLease | LeasePart, position: number): Promise<number> {
    return await this.#transfer(transferOf("read", into, position));
  }

  async write(from: BufferLease | LeasePart, position: number): Promise<void> {
    await this.#transfer(transferOf("write", from, position));
  }

  /** For batches: calls `done` once, without a promise of its own. */
  start(transfer: Transfer, done: (result: Result<number, DiskError>) => void): void {
    assert(transfer.isHeld(), "the lease of a transfer is held");
    const settle = (result: number): void =>
      done(result < 0 ? err(diskErrorOf(result, transfer.kind, this.path)) : ok(result));
    const refused = this.#refusal(transfer);
    if (refused !== 0) {
      settle(refused);
      return;
    }
    this.#inFlight++;
    carryOut(this.#engine, this.#file, transfer, (result) => {
      this.#ended();
      assert(transfer.isHeld(), "a lease is held until its transfer has ended");
      settle(result);
    });
  }

  async sync(): Promise<void> {
    await this.#call("sync", () => this.#engine.sync(this.#file, false));
  }

  async datasync(): Promise<void> {
    await this.#call("datasync", () => this.#engine.sync(this.#file, true));
  }

  async allocate(position: number, bytes: number): Promise<void> {
    await this.#allocate("reserve", position, bytes);
  }

  async punchHole(position: number, bytes: number): Promise<void> {
    await this.#allocate("punch", position, bytes);
  }

  async size(): Promise<number> {
    return (await this.#guard("stat", () => this.#handle.stat())).size;
  }

  async truncate(size: number): Promise<void> {
    await this.#guard("truncate", () => this.#handle.truncate(size));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    if (!this.#isQueueClosed()) this.#engine.detach(this.#file);
    await this.#handle.close();
  }

  get #isClosed(): boolean {
    return this.#closing !== undefined || this.#isQueueClosed();
  }

  #refusal(transfer: Transfer): number {
    if (this.#isClosed) return ERRNO.EBADF;
    const refused = refusal(transfer, this);
    if (refused !== 0) return refused;
    return this.#engine.hasRoom ? 0 : ERRNO.EBUSY;
  }

  #transfer(transfer: Transfer): Promise<number> {
    return new Promise((resolve, reject) => {
      this.start(transfer, (result) => (result.ok ? resolve(result.value) : reject(result.error)));
    });
  }

  async #allocate(mode: AllocateMode, position: number, bytes: number): Promise<void> {
    const operation = mode === "reserve" ? "allocate" : "punchHole";
    const valid = Number.isSafeInteger(position) && Number.isSafeInteger(bytes) && position >= 0 && bytes > 0;
    if (!valid) throw diskErrorOf(ERRNO.EINVAL, operation, this.path);
    await this.#call(operation, () => this.#engine.allocate(this.#file, mode, position, bytes));
  }

  async #call(operation: string, work: () => Promise<number>): Promise<void> {
    const result = await this.#guard(operation, work);
    if (result < 0) throw diskErrorOf(result, operation, this.path);
  }

  async #guard<T>(operation: string, work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw diskErrorOf(ERRNO.EBADF, operation, this.path);
    this.#inFlight++;
    try {
      return await work();
    } catch (error) {
      throw diskErrorFrom(error, operation, this.path);
    } finally {
      this.#ended();
    }
  }

  #ended(): void {
    this.#inFlight--;
    if (this.#inFlight === 0) this.#idle?.();
  }
}
