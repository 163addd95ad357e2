/** Work that a service does again and again until it is stopped. */
import { setMaxListeners } from "node:events";
import { type Clock, formatError, InvariantError, Tasks } from "@smallpond/base";
import type { Logger } from "../../service/log.ts";
import type { Counter, Family, Metrics } from "../../service/metrics.ts";

export interface BackgroundDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Told of an `InvariantError`: the process must not go on. */
  readonly onInvariant: (error: InvariantError) => void;
}

/** `again`: there is more to do at once. */
export type Round = (signal: AbortSignal) => Promise<"again" | "rest">;

/** After a round that was not the last one's end. */
const AGAIN_MS = 1;

export class Background {
  readonly #deps: BackgroundDeps;
  readonly #stop: AbortController = new AbortController();
  readonly #tasks: Tasks = new Tasks();
  readonly #rounds: Family<Counter>;

  constructor(deps: BackgroundDeps) {
    this.#deps = deps;
    // Many pieces of work listen at once, and Node takes more than ten for a leak.
    setMaxListeners(0, this.#stop.signal);
    this.#rounds = deps.metrics.counters("pond_meta_background_rounds_total", "Rounds of background work.", [
      "work",
      "outcome",
    ]);
  }

  /** Begins a kind of work; a round that fails is told in the log, and the next one comes in its time. */
  every(ms: number, work: string, round: Round): void {
    const { signal } = this.#stop;
    this.#tasks.spawn(async () => {
      while (!signal.aborted) {
        const last: { next: "again" | "rest" } = { next: "rest" };
        await this.#round(
          work,
          async () => {
            last.next = await round(signal);
          },
          signal,
        );
        if (signal.aborted) return;
        await this.#deps.clock.sleep(last.next === "again" ? AGAIN_MS : ms, { signal }).catch(() => {});
      }
    });
  }

  /** Does something once, and again after a pause until it did not fail. Resolves then, or when it is stopped. */
  until(pauseMs: number, work: string, round: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#stop;
    return new Promise((resolve) => {
      this.#tasks.spawn(async () => {
        let done = false;
        while (!done && !signal.aborted) {
          done = await this.#round(work, round, signal);
          if (!done) await this.#deps.clock.sleep(pauseMs, { signal }).catch(() => {});
        }
        resolve();
      });
    });
  }

  /** Resolves when all that was under way has noticed. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error("the metadata service is closing"));
    await this.#tasks.idle();
  }

  /** Whether it did not fail. */
  async #round(
    work: string,
    round: (signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<boolean> {
    try {
      await round(signal);
      this.#rounds.of(work, "ok").add();
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      this.#rounds.of(work, "failed").add();
      this.#deps.log.warn("background work failed", { work, error: formatError(error) });
      if (error instanceof InvariantError) this.#deps.onInvariant(error);
      return false;
    }
  }
}
