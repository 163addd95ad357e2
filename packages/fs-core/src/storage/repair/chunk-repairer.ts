/**
 * Mends damaged chunks in the background: those that readers, resyncs and the scrub come upon. What nobody can mend is
 * reported, and tried again when somebody comes upon it again: a replica that has it may have come back.
 */
import type { Timer } from "@smallpond/base";
import type { TargetId } from "../../ids.ts";
import type { Logger } from "../../service/log.ts";
import type { Counter, Family, Gauge, Metrics } from "../../service/metrics.ts";
import type { Repairer, ReplicaView } from "../chain/chain-deps.ts";
import { type ChunkKey, keyText } from "../model/chunk.ts";
import { type MendDeps, type Mended, mendChunk } from "./mend-chunk.ts";
import { DEFAULT_REPAIR_SETTINGS, type RepairSettings } from "./settings.ts";

export interface ChunkRepairerDeps extends MendDeps {
  readonly log: Logger;
  readonly metrics: Metrics;
}

interface Damage {
  readonly name: string;
  readonly replica: ReplicaView;
  readonly key: ChunkKey;
  tries: number;
}

export class ChunkRepairer implements Repairer, AsyncDisposable {
  readonly #deps: ChunkRepairerDeps;
  readonly #settings: RepairSettings;
  readonly #outcomes: Family<Counter>;
  readonly #lostGauge: Gauge;
  /** By name: waiting, being mended, or to be tried again. */
  readonly #known: Map<string, Damage> = new Map();
  readonly #waiting: Damage[] = [];
  readonly #timers: Set<Timer> = new Set();
  readonly #working: Set<Promise<void>> = new Set();
  readonly #lost: Map<string, { readonly target: TargetId; readonly key: ChunkKey }> = new Map();
  readonly #stop: AbortController = new AbortController();

  constructor(deps: ChunkRepairerDeps, settings: Partial<RepairSettings> = {}) {
    this.#deps = deps;
    this.#settings = { ...DEFAULT_REPAIR_SETTINGS, ...settings };
    this.#outcomes = deps.metrics.counters(
      "pond_storage_repairs_total",
      "Damaged chunks by what became of them: mended, sound, gone, later, lost, or dropped where too many waited",
      ["outcome"],
    );
    this.#lostGauge = deps.metrics.gauge(
      "pond_storage_chunks_lost",
      "Chunks that are damaged here and that no replica that serves can mend",
    );
  }

  /** Chunks that nobody could mend when it was last tried. */
  get lost(): readonly { readonly target: TargetId; readonly key: ChunkKey }[] {
    return [...this.#lost.values()];
  }

  /** Chunks that are to be mended. */
  get size(): number {
    return this.#known.size;
  }

  damaged(replica: ReplicaView, key: ChunkKey): void {
    if (this.#stop.signal.aborted) return;
    const name = `${replica.target}/${keyText(key)}`;
    if (this.#known.has(name)) return;
    if (this.#known.size >= this.#settings.waitingMax) {
      this.#outcomes.of("dropped").add();
      return;
    }
    this.#deps.log.warn("a chunk is damaged", { target: replica.target, chunk: keyText(key) });
    const damage = { name, replica, key, tries: 0 };
    this.#known.set(name, damage);
    this.#waiting.push(damage);
    this.#begin();
  }

  /** Gives up what is to be mended, and waits for what is under way. */
  async close(): Promise<void> {
    this.#stop.abort(new Error("chunks are not repaired any more"));
    this.#waiting.length = 0;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    await Promise.all(this.#working);
    this.#known.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #begin(): void {
    while (this.#working.size < this.#settings.workersMax) {
      const damage = this.#waiting.shift();
      if (damage === undefined) return;
      const working = this.#mend(damage).finally(() => {
        this.#working.delete(working);
        this.#begin();
      });
      this.#working.add(working);
    }
  }

  async #mend(damage: Damage): Promise<void> {
    const { replica, key } = damage;
    const { signal } = this.#stop;
    let mended: Mended;
    try {
      mended = await mendChunk(this.#deps, this.#settings, { replica, key, signal });
    } catch (error) {
      mended = { kind: "later", why: String(error) };
    }
    if (signal.aborted) return;
    this.#outcomes.of(mended.kind).add();
    if (mended.kind === "later") this.#tryAgain(damage, mended.why);
    else this.#end(damage, mended);
  }

  #end(
    { name, replica: { target }, key }: Damage,
    mended: Exclude<Mended, { readonly kind: "later" }>,
  ): void {
    this.#known.delete(name);
    const about = { target, chunk: keyText(key) };
    if (mended.kind === "lost") {
      this.#deps.log.error("a chunk is lost: it is damaged here and nobody who serves has it", about);
      if (this.#lost.size < this.#settings.lostMax) this.#lost.set(name, { target, key });
    } else {
      this.#lost.delete(name);
      if (mended.kind === "mended") {
        this.#deps.log.info("a chunk was mended", { ...about, from: mended.from });
      }
    }
    this.#lostGauge.set(this.#lost.size);
  }

  #tryAgain(damage: Damage, why: string): void {
    const { retryMsMin, retryMsMax } = this.#settings;
    const pauseMs = Math.min(retryMsMax, retryMsMin * 2 ** Math.min(damage.tries, 30));
    damage.tries += 1;
    const { replica, key } = damage;
    this.#deps.log.debug("a chunk is mended later", { target: replica.target, chunk: keyText(key), why });
    if (replica.role.kind !== "serving") {
      // Whoever brings it up to date sends it, or it is found again.
      this.#known.delete(damage.name);
      return;
    }
    const timer = this.#deps.clock
      .timer(pauseMs, () => {
        this.#timers.delete(timer);
        this.#waiting.push(damage);
        this.#begin();
      })
      .unref();
    this.#timers.add(timer);
  }
}
