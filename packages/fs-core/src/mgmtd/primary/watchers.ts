/** Those who wait for the routing to change. */
import type { Clock, News } from "@smallpond/base";
import type { WatchAnswer, WatchQuestion } from "../service/messages.ts";
import type { ClusterState } from "./cluster-state.ts";

export interface WatchersSettings {
  readonly watchMs: number;
  readonly watchersMax: number;
  readonly changesMax: number;
}

export class Watchers {
  readonly #clock: Clock;
  readonly #news: News;
  readonly #state: ClusterState;
  readonly #settings: WatchersSettings;
  #waiting = 0;
  #questions = 0;

  constructor(
    deps: { readonly clock: Clock; readonly news: News; readonly state: ClusterState },
    settings: WatchersSettings,
  ) {
    this.#clock = deps.clock;
    this.#news = deps.news;
    this.#state = deps.state;
    this.#settings = settings;
  }

  /** Answers everybody who waits now, with a question for a heartbeat. */
  askNodes(): void {
    this.#questions += 1;
    this.#news.tell();
  }

  /** What changed after the version, at once if something did, else when something does or the time is over. */
  async watch(
    { since, waitMs }: WatchQuestion,
    options: { readonly signal: AbortSignal },
  ): Promise<WatchAnswer> {
    const { watchMs, watchersMax, changesMax } = this.#settings;
    const untilMs = this.#clock.monotonicMs() + Math.min(waitMs, watchMs);
    const questions = this.#questions;
    const isAsked = (): boolean => this.#questions !== questions;
    this.#waiting += 1;
    // Whoever gave up is woken, together with the others, who go on waiting.
    const wake = (): void => this.#news.tell();
    options.signal.addEventListener("abort", wake, { once: true });
    try {
      while (this.#state.version <= since && !isAsked() && !options.signal.aborted) {
        if (this.#waiting > watchersMax) break;
        const leftMs = untilMs - this.#clock.monotonicMs();
        if (leftMs <= 0) break;
        await this.#news.wait(this.#clock, leftMs);
      }
    } finally {
      options.signal.removeEventListener("abort", wake);
      this.#waiting -= 1;
    }
    return { ...this.#state.changesAfter(since, changesMax), ask: isAsked() };
  }
}
