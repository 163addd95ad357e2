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
        const next = await this.#round(work, round, signal);
        if (signal.aborted) return;
        await this.#deps.clock.sleep(next === "again" ? AGAIN_MS : ms, { signal }).catch(() => {});
      }
    });
  }

  /** Resolves when all that was under way has noticed. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error("the metadata service is closing"));
    await this.#tasks.idle();
  }

  async #round(work: string, round: Round, signal: AbortSignal): Promise<"again" | "rest"> {
    try {
      const next = await round(signal);
      this.#rounds.of(work, "ok").add();
      return next;
    } catch (error) {
      if (signal.aborted) return "rest";
      this.#rounds.of(work, "failed").add();
      this.#deps.log.warn("background work failed", { work, error: formatError(error) });
      if (error instanceof InvariantError) this.#deps.onInvariant(error);
      return "rest";
    }
  }
}
