/** Those who wait for the routing to change. */
import type { Clock, News } from "@smallpond/base";
import type { RoutingChanges } from "../model/routing.ts";
import type { WatchQuestion } from "../service/messages.ts";
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

  constructor(
    deps: { readonly clock: Clock; readonly news: News; readonly state: ClusterState },
    settings: WatchersSettings,
  ) {
    this.#clock = deps.clock;
    this.#news = deps.news;
    this.#state = deps.state;
    this.#settings = settings;
  }

  /** What changed after the version, at once if something did, else when something does or the time is over. */
  async watch(
    { since, waitMs }: WatchQuestion,
    options: { readonly signal: AbortSignal },
  ): Promise<RoutingChanges> {
    const { watchMs, watchersMax, changesMax } = this.#settings;
    const untilMs = this.#clock.monotonicMs() + Math.min(waitMs, watchMs);
    this.#waiting += 1;
    // Whoever gave up is woken, together with the others, who go on waiting.
    const wake = (): void => this.#news.tell();
    options.signal.addEventListener("abort", wake, { once: true });
    try {
      while (this.#state.version <= since && this.#waiting <= watchersMax && !options.signal.aborted) {
        const leftMs = untilMs - this.#clock.monotonicMs();
        if (leftMs <= 0) break;
        await this.#news.wait(this.#clock, leftMs);
      }
    } finally {
      options.signal.removeEventListener("abort", wake);
      this.#waiting -= 1;
    }
    return this.#state.changesAfter(since, changesMax);
  }
}
