/** Sessions of which nothing is done any more, each until all its capabilities are expired everywhere (I11). */
import type { SessionId } from "../../ids.ts";

export interface RevokedSession {
  readonly session: SessionId;
  /** By the wall clock. */
  readonly untilMs: number;
}

export class RevokedTable {
  readonly #until: Map<SessionId, number> = new Map();
  #rounds: Iterator<[SessionId, number]> | undefined;

  get size(): number {
    return this.#until.size;
  }

  has(session: SessionId): boolean {
    return this.#until.has(session);
  }

  /** The later end counts. */
  set({ session, untilMs }: RevokedSession): void {
    this.#until.set(session, Math.max(untilMs, this.#until.get(session) ?? untilMs));
  }

  /**
   * Looks at the next `limit` of them and forgets those whose end has passed; how many. It goes round and round: a million
   * are not looked at in one go.
   */
  forgetDue(wallMs: number, limit: number): number {
    let forgotten = 0;
    for (let looked = 0; looked < limit; looked++) {
      this.#rounds ??= this.#until.entries();
      const { value, done } = this.#rounds.next() as IteratorResult<[SessionId, number], undefined>;
      if (done) {
        this.#rounds = undefined;
        break;
      }
      const [session, untilMs] = value;
      if (wallMs > untilMs && this.#until.delete(session)) forgotten += 1;
    }
    return forgotten;
  }

  clear(): void {
    this.#until.clear();
    this.#rounds = undefined;
  }

  /** One after another; what changes meanwhile is given or not. */
  *entries(): Generator<RevokedSession, void, undefined> {
    for (const [session, untilMs] of this.#until) yield { session, untilMs };
  }
}
