/** Updates under way, by session: a revocation waits for those of its sessions. */
import type { SessionId } from "../../ids.ts";

export class InFlight {
  readonly #bySession: Map<SessionId | "", Set<Promise<unknown>>> = new Map();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  async run<T>(session: SessionId | undefined, work: () => Promise<T>): Promise<T> {
    const name = session ?? "";
    const running = work();
    const all = this.#bySession.get(name) ?? new Set();
    this.#bySession.set(name, all.add(running));
    this.#count += 1;
    try {
      return await running;
    } finally {
      this.#count -= 1;
      all.delete(running);
      if (all.size === 0) this.#bySession.delete(name);
    }
  }

  async settled(sessions: readonly SessionId[]): Promise<void> {
    await Promise.allSettled(sessions.flatMap((session) => [...(this.#bySession.get(session) ?? [])]));
  }

  /** When all that are under way at this moment have ended. */
  async ended(): Promise<void> {
    await Promise.allSettled([...this.#bySession.values()].flatMap((all) => [...all]));
  }

  async idle(): Promise<void> {
    while (this.#count > 0) await this.ended();
  }
}
