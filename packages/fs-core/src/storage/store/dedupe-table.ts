/**
 * The last request of each channel of each session, with its answer: a request that comes again takes effect once (I8).
 *
 * Answers go with their session: when it is revoked, or when nothing was heard of it here for longer than a capability lives
 * and nobody repeats a request any more. How long that is says no disk: after a start all sessions were just heard of.
 */
import type { SessionId } from "../../ids.ts";
import type { DedupeEntry } from "../journal/records.ts";

interface Session {
  readonly channels: Map<number, DedupeEntry>;
  heardMs: number;
}

export class DedupeTable {
  /** The one that was heard of longest ago comes first. */
  readonly #sessions: Map<SessionId, Session> = new Map();
  readonly #nowMs: () => number;
  #size = 0;

  /** By a clock that does not go back. */
  constructor(deps: { readonly nowMs: () => number }) {
    this.#nowMs = deps.nowMs;
  }

  get size(): number {
    return this.#size;
  }

  get(session: SessionId, channel: number): DedupeEntry | undefined {
    return this.#sessions.get(session)?.channels.get(channel);
  }

  /** An older request than the one that is known says nothing new. */
  set(entry: DedupeEntry): void {
    const { session, channel, sequence, request, result } = entry;
    const known = this.#sessions.get(session);
    if ((known?.channels.get(channel)?.sequence ?? sequence) > sequence) return;
    const heard = known ?? { channels: new Map<number, DedupeEntry>(), heardMs: 0 };
    if (known !== undefined) this.#sessions.delete(session);
    heard.heardMs = this.#nowMs();
    if (!heard.channels.has(channel)) this.#size += 1;
    heard.channels.set(channel, { session, channel, sequence, request, result });
    this.#sessions.set(session, heard);
  }

  forget(session: SessionId): void {
    this.#size -= this.#sessions.get(session)?.channels.size ?? 0;
    this.#sessions.delete(session);
  }

  /** Forgets at most so many sessions that were not heard of for `idleMs`; how many. */
  forgetIdle(idleMs: number, limit: number): number {
    const before = this.#nowMs() - idleMs;
    let forgotten = 0;
    for (const [session, { heardMs }] of this.#sessions) {
      if (heardMs >= before || forgotten === limit) break;
      this.forget(session);
      forgotten += 1;
    }
    return forgotten;
  }

  clear(): void {
    this.#sessions.clear();
    this.#size = 0;
  }

  /** Of the sessions that there are now, one after another; what changes meanwhile is given as it is by then. */
  *entries(): Generator<DedupeEntry, void, undefined> {
    // Sessions that are heard of change their place, so the order is taken down.
    for (const session of [...this.#sessions.keys()]) {
      yield* this.#sessions.get(session)?.channels.values() ?? [];
    }
  }
}
