/** The routing as this process knows it: follows the primary's, and tells who asks for news. */
import { type Clock, isPondError, News, type SignalOptions } from "@smallpond/base";
import type { Logger } from "../../service/log.ts";
import { emptyRouting, type RoutingInfo, withChanges } from "../model/routing.ts";
import type { WatchAnswer } from "../service/messages.ts";
import { WATCH_ROUTING } from "../service/methods.ts";
import { type PrimaryFinder, pause } from "./primary-finder.ts";

export interface RoutingCacheDeps {
  readonly finder: PrimaryFinder;
  readonly clock: Clock;
  readonly log: Logger;
  /** The primary wants to hear of this node now. */
  readonly onAsk?: () => void;
}

export interface RoutingCacheSettings {
  /** How long one question waits for news. Default 5 s. */
  readonly waitMs?: number;
  /** After a question that failed. Default 200 ms. */
  readonly pauseMs?: number;
}

export class RoutingCache {
  readonly #deps: RoutingCacheDeps;
  readonly #settings: Required<RoutingCacheSettings>;
  readonly #listeners: Set<(routing: RoutingInfo) => void> = new Set();
  readonly #news: News = new News();
  #routing: RoutingInfo = emptyRouting();
  #loaded = false;

  constructor(deps: RoutingCacheDeps, settings: RoutingCacheSettings = {}) {
    this.#deps = deps;
    this.#settings = { waitMs: 5000, pauseMs: 200, ...settings };
  }

  /** Consistent, and perhaps old. Version 0 until it was loaded. */
  get routing(): RoutingInfo {
    return this.#routing;
  }

  /** Whether the primary was heard of at all. */
  get isLoaded(): boolean {
    return this.#loaded;
  }

  /** Called after each change, before anybody who waits goes on. It must not throw. Returns how to stop it. */
  onChange(listener: (routing: RoutingInfo) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Returns once the version, or a later one, is known. */
  async waitFor(version: bigint, options: SignalOptions = {}): Promise<void> {
    while (!this.#loaded || this.#routing.version < version) {
      options.signal?.throwIfAborted();
      await this.#news.wait(this.#deps.clock, this.#settings.pauseMs);
    }
  }

  /** Follows the primary until the signal aborts. */
  async run(options: { readonly signal: AbortSignal }): Promise<void> {
    const { clock, log } = this.#deps;
    let building = this.#routing;
    while (!options.signal.aborted) {
      try {
        const changes = await this.#ask(building.version, options);
        // One that knows less than we do is no primary any more, or sees a store that was set back.
        if (changes.version < building.version) throw new Error(`routing went back to ${changes.version}`);
        if (changes.version > building.version) building = withChanges(building, changes);
        if (!changes.more) this.#take(building);
        if (changes.ask) this.#deps.onAsk?.();
      } catch (error) {
        if (options.signal.aborted) break;
        if (!isPondError(error, "NO_PRIMARY")) log.debug("routing not refreshed", { error: String(error) });
        await pause(clock, this.#settings.pauseMs, options);
      }
    }
    this.#news.tell();
  }

  #ask(since: bigint, { signal }: { readonly signal: AbortSignal }): Promise<WatchAnswer> {
    const { waitMs } = this.#settings;
    const question = { since, waitMs: this.#loaded ? waitMs : 0 };
    return this.#deps.finder.call(WATCH_ROUTING, question, { signal, timeoutMs: 2 * waitMs });
  }

  #take(routing: RoutingInfo): void {
    if (this.#loaded && routing === this.#routing) return;
    this.#routing = routing;
    this.#loaded = true;
    for (const listener of this.#listeners) listener(routing);
    this.#news.tell();
  }
}
