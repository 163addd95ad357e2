/** The last request of each channel of each session, with its answer: a request that comes again takes effect once (I8). */
import type { SessionId } from "../../ids.ts";
import type { DedupeEntry } from "../journal/records.ts";

export class DedupeTable {
  readonly #bySession: Map<SessionId, Map<number, DedupeEntry>> = new Map();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(session: SessionId, channel: number): DedupeEntry | undefined {
    return this.#bySession.get(session)?.get(channel);
  }

  set(entry: DedupeEntry): void {
    const { session, channel, sequence, request, result } = entry;
    const channels = this.#bySession.get(session) ?? new Map<number, DedupeEntry>();
    if (!channels.has(channel)) this.#size += 1;
    this.#bySession.set(session, channels.set(channel, { session, channel, sequence, request, result }));
  }

  forget(session: SessionId): void {
    this.#size -= this.#bySession.get(session)?.size ?? 0;
    this.#bySession.delete(session);
  }

  all(): readonly DedupeEntry[] {
    return [...this.#bySession.values()].flatMap((channels) => [...channels.values()]);
  }
}
