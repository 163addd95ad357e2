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

/** Of one write of bulk bytes: each that is taken is a sign of life. */
const STEP_BYTES = 2 ** 20;

export class FrameSender {
  readonly #connection: LeasedConnection;
  readonly #crc32c: Crc32c;
  readonly #probes: Probes;
  readonly #onProgress: () => void;
  #waiting: Entry[] = [];
  #unsentBytes = 0;
  #isFlushing = false;
  #hasFailed = false;
  #idle: (() => void)[] = [];

  constructor(deps: {
    readonly connection: LeasedConnection;
    readonly crc32c: Crc32c;
    readonly probes: Probes;
    /** Called whenever the kernel has taken something: the peer still makes room. */
    readonly onProgress: () => void;
  }) {
    this.#connection = deps.connection;
    this.#crc32c = deps.crc32c;
    this.#probes = deps.probes;
    this.#onProgress = deps.onProgress;
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
    const [first = [], ...rest] = stepsOf(bulk);
    try {
      if (heads.length > 1 && this.#probes.buggify("wire.write-in-two")) {
        const middle = heads.length >>> 1;
        await this.#connection.write(heads.subarray(0, middle));
        await this.#connection.writeFrom([heads.subarray(middle), ...first]);
      } else if (first.length === 0) {
        await this.#connection.write(heads);
      } else {
        await this.#connection.writeFrom([heads, ...first]);
      }
      for (const step of rest) {
        this.#onProgress();
        await this.#connection.writeFrom(step);
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

/** The pieces in order, cut and put together into writes of about the same size. */
function stepsOf(bulk: readonly Piece[]): readonly (readonly Piece[])[] {
  const steps: Piece[][] = [];
  let room = 0;
  for (const piece of bulk) {
    const length = pieceBytes(piece);
    for (let at = 0; at < length; ) {
      if (room === 0) {
        steps.push([]);
        room = STEP_BYTES;
      }
      const count = Math.min(room, length - at);
      steps.at(-1)!.push(partOf(piece, at, count));
      at += count;
      room -= count;
    }
  }
  return steps;
}

function partOf(piece: Piece, at: number, length: number): Piece {
  if (piece instanceof Uint8Array) return piece.subarray(at, at + length);
  if (!("lease" in piece)) return { lease: piece, offset: at, length };
  return { lease: piece.lease, offset: (piece.offset ?? 0) + at, length };
}
