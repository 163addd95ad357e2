/**
 * Takes away what nobody can reach any more: chunks first, then the row that told of them, so that a crash leaves work
 * and never a chunk that nobody knows of. Several services may work on one queue; they only do work twice.
 */
import type { SignalOptions } from "@smallpond/base";
import { formatError } from "@smallpond/base";
import type { Counter, Family, Gauge } from "../../service/metrics.ts";
import { collectData } from "./collect-data.ts";
import { collectFile } from "./collect-file.ts";
import { collectTree } from "./collect-tree.ts";
import type { CollectDeps } from "./deps.ts";
import {
  backoffMs,
  dueGarbage,
  FAILURES_MAX,
  type QueuedGarbage,
  requeue,
  stillQueued,
} from "./garbage-queue.ts";
import { RateLimit } from "./rate-limit.ts";
import type { CollectSettings } from "./settings.ts";
import { sideBySide } from "./side-by-side.ts";

export class Collector {
  readonly #deps: CollectDeps;
  readonly #settings: CollectSettings;
  readonly #rate: RateLimit;
  readonly #items: Family<Counter>;
  readonly #chunks: Counter;
  readonly #lag: Family<Gauge>;

  constructor(deps: CollectDeps, settings: CollectSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#rate = new RateLimit(deps, { perSecond: settings.chunksPerSecond });
    const { metrics } = deps;
    this.#items = metrics.counters("pond_meta_garbage_items_total", "Items looked at, by what came of it.", [
      "kind",
      "outcome",
    ]);
    this.#chunks = metrics.counter("pond_meta_garbage_chunks_total", "Chunks taken away.");
    this.#lag = metrics.gauges("pond_meta_garbage_lag_seconds", "How long the oldest item is due.", [
      "shard",
    ]);
  }

  /** Works on what is due in a queue, once each; whether there is more to do at once. */
  async collect(shard: number, options: SignalOptions = {}): Promise<boolean> {
    const { metastore, clock } = this.#deps;
    const nowMs = clock.wallMs();
    const { items, more } = await metastore.transact(
      (transaction) => dueGarbage(transaction, shard, { nowMs, limit: this.#settings.itemsMax }),
      options,
    );
    const [oldest] = items;
    this.#lag.of(String(shard)).set(oldest === undefined ? 0 : (nowMs - oldest.dueMs) / 1000);
    await sideBySide(items, this.#settings.sideBySide, (item) => this.#work(item, options));
    return more || items.length > 0;
  }

  async #work(item: QueuedGarbage, options: SignalOptions): Promise<void> {
    options.signal?.throwIfAborted();
    let outcome: string;
    try {
      outcome = await this.#one(item, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      outcome = "failed";
      const { inode, failures } = item;
      this.#deps.log.warn("garbage not collected", { inode, failures, error: formatError(error) });
      await this.#postpone(item, options);
    }
    this.#items.of(item.garbage.kind, outcome).add();
  }

  async #one(item: QueuedGarbage, options: SignalOptions): Promise<string> {
    const deps = { ...this.#deps, rate: this.#rate };
    const { kind } = item.garbage;
    switch (kind) {
      case "file":
        return collectFile(deps, item, this.#settings, options);
      case "tree": {
        const { done } = await collectTree(deps, item, this.#settings, options);
        return done ? "gone" : "begun";
      }
      case "data": {
        const { chunks, done } = await collectData(deps, item, this.#settings, options);
        this.#chunks.add(chunks);
        return done ? "gone" : "begun";
      }
      default:
        return kind satisfies never;
    }
  }

  /** Later, so that one that cannot be collected keeps nobody waiting. */
  #postpone(item: QueuedGarbage, options: SignalOptions): Promise<void> {
    const { metastore, clock } = this.#deps;
    return metastore.transact(
      async (transaction) => {
        // Chunks have moved to their next time before they failed.
        if (!(await stillQueued(transaction, item))) return;
        const failures = Math.min(item.failures + 1, FAILURES_MAX);
        const dueMs = clock.wallMs() + backoffMs(item.failures, this.#settings);
        requeue(transaction, item, { dueMs, failures });
      },
      { repeatable: true, ...options },
    );
  }
}
