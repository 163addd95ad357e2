/**
 * Writes to the end of a file, wherever that is by then: metadata gives out ranges, so appends of many clients never
 * touch each other. Small ones are gathered, and placed when they are sent: those of one handle in their order, one right
 * after the other, and each of them whole.
 */
import type { SignalOptions } from "@smallpond/base";
import { Turns } from "@smallpond/base";
import type { BufferLease, Piece } from "@smallpond/fs-native";
import { named } from "../naming.ts";
import { bytesInAll, partOf, viewOf } from "../pieces.ts";
import type { FlightKind } from "./flights.ts";
import { send } from "./send.ts";
import type { WriteBehindParts } from "./write-behind.ts";

interface Batch {
  readonly lease: BufferLease;
  readonly sinceMs: number;
  filled: number;
}

export class AppendBehind {
  readonly #parts: WriteBehindParts;
  /** Ranges are asked for in the order of the writes. */
  readonly #turns: Turns = new Turns();
  #batch: Batch | undefined;

  constructor(parts: WriteBehindParts) {
    this.#parts = parts;
  }

  get isDirty(): boolean {
    return this.#batch !== undefined;
  }

  get sinceMs(): number {
    return this.#batch?.sinceMs ?? Number.POSITIVE_INFINITY;
  }

  async write(pieces: readonly Piece[], options: SignalOptions): Promise<void> {
    const bytes = bytesInAll(pieces);
    if (bytes === 0) return;
    const { context, file, writer } = this.#parts;
    await context.local.othersAppended(file.inode, writer);
    const batch = bytes < context.settings.directBytes ? this.#room(bytes) : undefined;
    if (batch === undefined) {
      this.send();
      return this.#append(pieces, "awaited", options);
    }
    for (const piece of pieces) {
      const view = viewOf(piece);
      viewOf(batch.lease).set(view, batch.filled);
      batch.filled += view.length;
    }
    if (batch.filled === batch.lease.length) this.send();
  }

  /** Begins to send what is gathered. */
  send(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    this.#batch = undefined;
    const { lease, filled } = batch;
    const { onFailure, context } = this.#parts;
    this.#append([partOf(lease, 0, filled)], "gathered", {})
      .catch(onFailure)
      .finally(() => {
        const { length } = lease;
        lease.release();
        context.dirty.give(length);
      });
  }

  /** Where so many bytes fit; nothing if there is no memory for it: then they are sent from where they are. */
  #room(bytes: number): Batch | undefined {
    const now = this.#batch;
    if (now !== undefined && now.lease.length - now.filled >= bytes) return now;
    this.send();
    const { dirty, pool, settings, clock } = this.#parts.context;
    const size = Math.max(bytes, settings.gatherBytes);
    if (size > pool.settings.regionBytes || !dirty.tryTake(size)) return undefined;
    const lease = pool.tryTake(size);
    if (lease === undefined) {
      dirty.give(size);
      return undefined;
    }
    this.#batch = { lease, sinceMs: clock.monotonicMs(), filled: 0 };
    return this.#batch;
  }

  #append(pieces: readonly Piece[], kind: FlightKind, options: SignalOptions): Promise<void> {
    const { context, file, flights, written } = this.#parts;
    const bytes = bytesInAll(pieces);
    return flights.begin(["append"], kind, async () => {
      // The end is behind what this client wrote before.
      await context.local.placedFlushed(file.inode);
      const { offset, truncateVersion } = await this.#turns
        .take(() => file.reserveAppend(bytes))
        .catch((error) => {
          throw named(error, "write", file.path);
        });
      options.signal?.throwIfAborted();
      const extent = { start: Number(offset), pieces };
      await send(context, file, written, [extent], { ...options, truncateVersion });
    });
  }
}
