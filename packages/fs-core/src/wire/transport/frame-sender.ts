/**
 * The sending half of a channel. Frames of one turn leave together, and those that come while a write is under way leave
 * with the next one: the more is to be sent, the larger the writes.
 */
import { concatBytes, netError, type Probes } from "@smallpond/base";
import type { Crc32c, LeasedConnection, Piece } from "@smallpond/fs-native";
import { encodeFrame } from "../frame.ts";
import type { OutgoingFrame } from "./transport.ts";

interface Entry {
  readonly head: Uint8Array;
  readonly bulk: readonly Piece[];
  readonly bytes: number;
  readonly done: ((error?: unknown) => void) | undefined;
}

/** Of heads written together. */
const BATCH_BYTES = 256 * 1024;

export class FrameSender {
  readonly #connection: LeasedConnection;
  readonly #crc32c: Crc32c;
  readonly #probes: Probes;
  #waiting: Entry[] = [];
  #unsentBytes = 0;
  #isFlushing = false;
  #hasFailed = false;
  #idle: (() => void)[] = [];

  constructor(deps: {
    readonly connection: LeasedConnection;
    readonly crc32c: Crc32c;
    readonly probes: Probes;
  }) {
    this.#connection = deps.connection;
    this.#crc32c = deps.crc32c;
    this.#probes = deps.probes;
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  post(frame: OutgoingFrame): void {
    this.#add(frame, undefined);
  }

  send(frame: OutgoingFrame): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#add(frame, (error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  flushed(): Promise<void> {
    if (!this.#isFlushing) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }

  #add(frame: OutgoingFrame, done: Entry["done"]): void {
    if (this.#hasFailed) {
      done?.(netError("ECLOSED", { operation: "write to", address: this.#connection.remote }));
      return;
    }
    const bulk = frame.bulk ?? [];
    const bulkBytes = bulk.reduce((sum, piece) => sum + pieceBytes(piece), 0);
    const head = encodeFrame(this.#crc32c, { bulkBytes, ...frame });
    const bytes = head.length + bulkBytes;
    this.#waiting.push({ head, bulk, bytes, done });
    this.#unsentBytes += bytes;
    if (!this.#isFlushing) void this.#flush();
  }

  async #flush(): Promise<void> {
    this.#isFlushing = true;
    // Whatever else this turn sends goes along.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#batch();
      const failure = await this.#write(batch);
      for (const { bytes, done } of batch) {
        this.#unsentBytes -= bytes;
        done?.(failure);
      }
      if (failure !== undefined) await this.#fail(failure);
    }
    this.#isFlushing = false;
    for (const wake of this.#idle.splice(0)) wake();
  }

  /** The first frames: as many as make one good write, up to the first with bulk bytes. */
  #batch(): readonly Entry[] {
    let count = 0;
    let bytes = 0;
    while (count < this.#waiting.length && bytes < BATCH_BYTES) {
      const { head, bulk } = this.#waiting[count]!;
      bytes += head.length;
      count += 1;
      if (bulk.length > 0) break;
    }
    return this.#waiting.splice(0, count);
  }

  async #write(batch: readonly Entry[]): Promise<unknown> {
    const heads = batch.length === 1 ? batch[0]!.head : concatBytes(batch.map(({ head }) => head));
    const { bulk } = batch.at(-1)!;
    try {
      if (heads.length > 1 && this.#probes.buggify("wire.write-in-two")) {
        const middle = heads.length >>> 1;
        await this.#connection.write(heads.subarray(0, middle));
        await this.#connection.writeFrom([heads.subarray(middle), ...bulk]);
      } else if (bulk.length === 0) {
        await this.#connection.write(heads);
      } else {
        await this.#connection.writeFrom([heads, ...bulk]);
      }
      return undefined;
    } catch (error) {
      return error;
    }
  }

  async #fail(failure: unknown): Promise<void> {
    this.#hasFailed = true;
    for (const { bytes, done } of this.#waiting.splice(0)) {
      this.#unsentBytes -= bytes;
      done?.(failure);
    }
    await this.#connection.close();
  }
}

export function pieceBytes(piece: Piece): number {
  if (!("lease" in piece)) return piece.length;
  return piece.length ?? piece.lease.length - (piece.offset ?? 0);
}
