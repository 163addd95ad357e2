/**
 * What a target needs now and then, while others use it: every byte is read back in turn, what is due is forgotten, space is
 * given back.
 */
import { type Clock, isPondError, type Random, type SignalOptions } from "@smallpond/base";
import type { Logger } from "../../service/log.ts";
import type { Counter, Metrics } from "../../service/metrics.ts";
import type { Repairer, ReplicaView } from "../chain/chain-deps.ts";
import type { TrafficShares } from "../classes/traffic-shares.ts";
import { type ChunkKey, compareKeys } from "../model/chunk.ts";
import { type CareSettings, DEFAULT_CARE_SETTINGS } from "./settings.ts";

export interface TargetCareDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly repairer: Repairer;
  /** The reading back takes its share of the node, if there are shares. */
  readonly shares?: TrafficShares;
}

interface Numbers {
  readonly bytes: Counter;
  readonly damaged: Counter;
  readonly cycles: Counter;
  readonly given: Counter;
}

/** Read back between two pauses, at least. */
const PAUSE_MS = 100;
/** A target with little on it is not looked at for hours between two chunks. */
const PAUSE_MS_MAX = 60_000;

export class TargetCare {
  readonly #deps: TargetCareDeps;
  readonly #started: CareSettings;
  #settings: CareSettings;
  readonly #numbers: Numbers;

  constructor(deps: TargetCareDeps, settings: Partial<CareSettings> = {}) {
    this.#deps = deps;
    this.#started = { ...DEFAULT_CARE_SETTINGS, ...settings };
    this.#settings = this.#started;
    this.#numbers = numbersOf(deps.metrics);
  }

  /** From the next pause on; what is not named is as it was at the start. */
  adjust(changes: Partial<CareSettings>): void {
    this.#settings = { ...this.#started, ...changes };
  }

  /** Looks after a target until the signal aborts, or its store is closed or has failed. */
  async run(replica: ReplicaView, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { forgetMs, compactMs } = this.#settings;
    await Promise.all([
      this.#while(replica, signal, () => this.#readBack(replica, { signal })),
      this.#every(replica, signal, forgetMs, async () => {
        replica.store.forgetDue(this.#deps.clock.wallMs());
      }),
      this.#every(replica, signal, compactMs, () => this.#giveSpace(replica, signal)),
    ]);
  }

  /** All chunks once, from somewhere on and round: a target that is often started again is read back all the same. */
  async #readBack(replica: ReplicaView, options: SignalOptions): Promise<void> {
    const start = replica.store.keyNear(this.#deps.random.next());
    await this.#scrub(replica, start, undefined, options);
    if (start !== undefined) await this.#scrub(replica, undefined, start, options);
    this.#numbers.cycles.add();
  }

  /** From `from` to before `to`. */
  async #scrub(
    replica: ReplicaView,
    from: ChunkKey | undefined,
    to: ChunkKey | undefined,
    options: SignalOptions,
  ): Promise<void> {
    const { store } = replica;
    const { bytes, damaged } = this.#numbers;
    let owedMs = 0;
    for (let next = from, isFirst = true; isFirst || next !== undefined; isFirst = false) {
      options.signal?.throwIfAborted();
      const page = await this.#inTurn(() => store.scrub(next, 1), options);
      bytes.add(page.bytes);
      for (const { key } of page.damaged) {
        damaged.add();
        // Only who serves gets it from others; else the resync sees to it, or the next round.
        if (replica.role.kind === "serving") this.#deps.repairer.damaged(replica, key);
      }
      next = page.next;
      if (to !== undefined && next !== undefined && compareKeys(next, to) >= 0) return;
      owedMs += this.#pauseFor(replica, page.bytes);
      if (owedMs < PAUSE_MS) continue;
      await this.#deps.clock.sleep(Math.min(owedMs, PAUSE_MS_MAX), options);
      owedMs = 0;
    }
    // An empty target is a round, too.
    await this.#deps.clock.sleep(Math.max(owedMs, PAUSE_MS), options);
  }

  /** So long that a round takes its time, and never is faster than may be. */
  #pauseFor({ store: { usedBytes } }: ReplicaView, bytes: number): number {
    const { cycleMs, bytesPerSecond } = this.#settings;
    return Math.max((bytes / bytesPerSecond) * 1000, usedBytes === 0 ? 0 : (bytes / usedBytes) * cycleMs);
  }

  async #inTurn<T>(work: () => Promise<T>, options: SignalOptions): Promise<T> {
    const { shares } = this.#deps;
    return shares === undefined ? await work() : await shares.run("resync", 0, work, options);
  }

  async #giveSpace({ store }: ReplicaView, signal: AbortSignal): Promise<void> {
    const { compactBytes, punchBytes } = this.#settings;
    const moved = await this.#inTurn(() => store.compact({ bytes: compactBytes, signal }), { signal });
    const punched = await store.punch({ bytes: punchBytes });
    this.#numbers.given.add(moved + punched);
  }

  async #every(
    replica: ReplicaView,
    signal: AbortSignal,
    pauseMs: number,
    work: () => Promise<void>,
  ): Promise<void> {
    await this.#while(replica, signal, async () => {
      // Spread over time: the targets of a node do not do it all at once.
      await this.#deps.clock.sleep(pauseMs * (0.75 + this.#deps.random.next() / 2), { signal });
      await work();
    });
  }

  /** Again and again; what fails is told and tried again later. */
  async #while(replica: ReplicaView, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    while (!signal.aborted && replica.store.failure === undefined) {
      try {
        await work();
      } catch (error) {
        if (signal.aborted || isPondError(error, "STORE_CLOSED")) return;
        this.#deps.log.warn("care of a target failed", { target: replica.target, error: String(error) });
        await this.#deps.clock.sleep(this.#settings.forgetMs, { signal }).catch(() => {});
      }
    }
  }
}

function numbersOf(metrics: Metrics): Numbers {
  return {
    bytes: metrics.counter("pond_storage_scrubbed_bytes_total", "Bytes of chunks read back to find damage"),
    damaged: metrics.counter("pond_storage_scrub_damaged_total", "Damaged chunks found by that"),
    cycles: metrics.counter("pond_storage_scrub_rounds_total", "Rounds through a whole target"),
    given: metrics.counter("pond_storage_given_back_bytes_total", "Bytes of space given back to disks"),
  };
}
