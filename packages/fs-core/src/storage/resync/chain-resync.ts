/**
 * Brings the successor of a tail up to date (docs/chain-protocol.md): sends what is remembered beside chunks, compares the
 * lists of chunks, and sends or removes what differs. Updates that happen meanwhile are none of its business: whoever passes
 * them on sends them there too.
 *
 * It ends with the first thing that fails for good, and begins anew when it is called again: what is the same by then is not
 * sent again. Bytes are read into leased memory and go from there; nothing is copied here.
 */
import { setMaxListeners } from "node:events";
import { type Clock, isPondError, PondError, type Probes, Tasks } from "@smallpond/base";
import type { TargetId } from "../../ids.ts";
import type { Logger } from "../../service/log.ts";
import type { Metrics } from "../../service/metrics.ts";
import type { Method } from "../../wire/rpc/method.ts";
import type { Repairer, ReplicaView, Resync } from "../chain/chain-deps.ts";
import { refusalError } from "../chain/refusals.ts";
import { Permits } from "../classes/permits.ts";
import { TokenBucket } from "../classes/token-bucket.ts";
import type { ChunkKey } from "../model/chunk.ts";
import { SYNC_END, SYNC_LIST, SYNC_NOTES } from "../protocol/methods.ts";
import type { Refusal } from "../protocol/refusal.ts";
import { type CompareBug, compareChunks, type Difference } from "./compare.ts";
import { ResyncNumbers, type ResyncProgress } from "./progress.ts";
import { removeThere } from "./remove-there.ts";
import { type ResyncSettings, resyncSettings } from "./settings.ts";
import { syncPages } from "./sync-pages.ts";

/** Planted on request, for the simulator to notice. Never set in production. */
export type ResyncBug = CompareBug | "forget-notes";

export interface ChainResyncDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly probes: Probes;
  /** Told of chunks that are damaged here. */
  readonly repairer: Repairer;
  readonly bug?: ResyncBug;
}

export class ChainResync implements Resync {
  readonly #deps: ChainResyncDeps;
  readonly #settings: ResyncSettings;
  readonly #chains: Permits;
  readonly #rate: TokenBucket;
  readonly #numbers: ResyncNumbers;
  readonly #running: Set<ResyncProgress> = new Set();

  constructor(deps: ChainResyncDeps, settings: Partial<ResyncSettings> = {}) {
    this.#deps = deps;
    this.#settings = resyncSettings(settings);
    const { chainsMax, chainsWaitingMax } = this.#settings;
    this.#chains = new Permits({ max: chainsMax, waitersMax: chainsWaitingMax });
    this.#rate = new TokenBucket(deps, this.#settings);
    this.#numbers = new ResyncNumbers(deps.metrics);
  }

  /** What is under way. */
  get progress(): readonly Readonly<ResyncProgress>[] {
    return [...this.#running];
  }

  run(replica: ReplicaView, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    return this.#chains.run(() => this.#run(replica, signal), { signal });
  }

  async #run(replica: ReplicaView, signal: AbortSignal): Promise<void> {
    const progress = newProgress(replica, this.#deps.clock.monotonicMs());
    const task = new Task(this.#deps, this.#settings, {
      ...{ replica, progress, signal, rate: this.#rate, numbers: this.#numbers },
    });
    this.#running.add(progress);
    this.#numbers.running.set(this.#running.size);
    let outcome = "failed";
    try {
      await task.run();
      outcome = "done";
      this.#deps.probes.mark("resync: done");
    } finally {
      this.#running.delete(progress);
      this.#numbers.running.set(this.#running.size);
      this.#numbers.ended.of(outcome).add();
      const { chain, chainVersion, to, same, sent, sentBytes, removed, damaged } = progress;
      const counts = { same, sent, sentBytes, removed, damaged };
      this.#deps.log.info("resync ended", { outcome, chain, chainVersion, to, ...counts });
    }
  }
}

interface TaskParts {
  readonly replica: ReplicaView;
  readonly progress: ResyncProgress;
  readonly signal: AbortSignal;
  readonly rate: TokenBucket;
  readonly numbers: ResyncNumbers;
}

/** One successor, once. */
class Task {
  readonly #deps: ChainResyncDeps;
  readonly #settings: ResyncSettings;
  readonly #parts: TaskParts;
  /** Chunks under way. */
  readonly #chunks: Permits;
  readonly #sending: Tasks = new Tasks();
  readonly #stop: AbortController = new AbortController();
  #failure: unknown;

  constructor(deps: ChainResyncDeps, settings: ResyncSettings, parts: TaskParts) {
    this.#deps = deps;
    this.#settings = settings;
    this.#parts = parts;
    this.#chunks = new Permits({ max: settings.chunksMax, waitersMax: 1 });
    // One for each chunk under way.
    setMaxListeners(0, this.#stop.signal);
  }

  async run(): Promise<void> {
    const { signal, progress } = this.#parts;
    const onAbort = (): void => this.#stop.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      await this.#sendNotes();
      await this.#sendChunks();
      if (progress.damaged > 0) throw damagedHere(progress);
      this.#stop.signal.throwIfAborted();
      await this.#ask(SYNC_END, { ...this.#parts.replica.at() }, this.#settings.endMs);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /**
   * First the other one forgets, then it is told what is remembered here from then on. Whatever an update brought there
   * before it forgot was remembered here before that, and is among what it is told.
   */
  async #sendNotes(): Promise<void> {
    const { replica } = this.#parts;
    const { pageEntries, questionMs } = this.#settings;
    const none = { answers: [], revoked: [], truncated: [] };
    await this.#ask(SYNC_NOTES, { ...replica.at(), first: true, ...none }, questionMs);
    if (this.#deps.bug === "forget-notes") return;
    for (const notes of replica.store.notes(pageEntries)) {
      await this.#ask(SYNC_NOTES, { ...replica.at(), first: false, ...notes }, questionMs);
    }
  }

  async #sendChunks(): Promise<void> {
    const { replica } = this.#parts;
    const { questionMs } = this.#settings;
    const sources = {
      own: (from: ChunkKey | undefined, limit: number) => replica.store.list(from, limit),
      theirs: (from: ChunkKey | undefined, limit: number) =>
        this.#ask(SYNC_LIST, { ...replica.at(), from, limit }, questionMs),
    };
    const limit = this.#deps.probes.buggify("resync: short pages", 0.5) ? 2 : this.#settings.pageEntries;
    try {
      for await (const { own, theirs } of syncPages(sources, limit)) {
        await this.#settle(this.#compare(own, theirs));
        // A page that is the same took no time that anybody else could use.
        await this.#deps.clock.sleep(0, { signal: this.#stop.signal });
      }
    } catch (error) {
      this.#fail(error);
    }
    await this.#sending.idle();
    if (this.#failure !== undefined) throw this.#failure;
  }

  #compare(...[own, theirs]: Parameters<typeof compareChunks>): readonly Difference[] {
    const { progress, numbers } = this.#parts;
    const { bug } = this.#deps;
    const { same, differences } = compareChunks(own, theirs, bug === "forget-notes" ? undefined : bug);
    progress.compared += same + differences.length;
    progress.same += same;
    numbers.chunks.of("same").add(same);
    return differences;
  }

  /** Begins to send and remove what differs; returns when there is room for the next page. */
  async #settle(differences: readonly Difference[]): Promise<void> {
    const removals: ChunkKey[] = [];
    for (const difference of differences) {
      if (difference.kind === "remove") removals.push(difference.key);
      else await this.#begin(() => this.#send(difference.key, difference.bytes));
    }
    if (removals.length > 0) await this.#begin(() => this.#remove(removals));
  }

  /** Waits for room and for nothing else. */
  async #begin(work: () => Promise<void>): Promise<void> {
    const { signal } = this.#stop;
    await new Promise<void>((begun, failed) => {
      const working = this.#chunks.run(
        () => {
          begun();
          return work();
        },
        { signal },
      );
      this.#sending.spawn(async () => {
        try {
          await working;
        } catch (error) {
          this.#fail(error);
          failed(error);
        }
      });
    });
  }

  async #send(key: ChunkKey, bytes: number): Promise<void> {
    const { replica, progress, rate, numbers } = this.#parts;
    const { signal } = this.#stop;
    await rate.take(bytes, { signal });
    try {
      const isThere = await this.#patiently(() => replica.sendWhole(key, { signal, trafficClass: "resync" }));
      // Removed since it was compared; so it was there, then.
      if (!isThere) return await this.#remove([key]);
    } catch (error) {
      if (!isPondError(error, "CHUNK_CORRUPT")) throw error;
      // Others are sent all the same; without this one the replica is not up to date.
      progress.damaged += 1;
      this.#deps.repairer.damaged(replica, key);
      return;
    }
    progress.sent += 1;
    progress.sentBytes += bytes;
    numbers.bytes.add(bytes);
    numbers.chunks.of("sent").add();
  }

  async #remove(keys: readonly ChunkKey[]): Promise<void> {
    const { replica, progress, numbers } = this.#parts;
    const { signal } = this.#stop;
    const removed = await this.#patiently(() => removeThere(replica, keys, { signal }));
    progress.removed += removed;
    numbers.chunks.of("removed").add(removed);
  }

  /** Again where nothing was done and the same may succeed shortly. */
  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    const { attempts, pauseMs } = this.#settings;
    const { signal } = this.#stop;
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        signal.throwIfAborted();
        const mayPass = isPondError(error) && (error.kind === "retry" || error.kind === "unknown-outcome");
        if (!mayPass || attempt >= attempts) throw error;
      }
      await this.#deps.clock.sleep(pauseMs * 2 ** (attempt - 1), { signal });
    }
  }

  /** Answers that are refusals are thrown. */
  async #ask<Q, A extends { readonly kind: string }>(
    method: Method<Q, A | ({ readonly kind: "refused" } & Refusal)>,
    question: Q,
    timeoutMs: number,
  ): Promise<A> {
    const { replica, progress } = this.#parts;
    const { signal } = this.#stop;
    return await this.#patiently(async () => {
      const options = { signal, timeoutMs, trafficClass: "resync" } as const;
      const answer = await replica.ask(progress.to, method, question, options);
      if (answer.kind === "refused") throw refusalError(answer as { readonly kind: "refused" } & Refusal);
      return answer as A;
    });
  }

  /** The first failure counts, and ends the others. */
  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = error ?? new Error("resync failed");
    this.#stop.abort(this.#failure);
  }
}

function newProgress(replica: ReplicaView, startedMs: number): ResyncProgress {
  const { chain, chainVersion } = replica.at();
  const { role, target: from } = replica;
  const to: TargetId | undefined =
    role.kind === "serving" && role.successor?.syncs === true ? role.successor.target : undefined;
  if (to === undefined) {
    throw new PondError("CHAIN_CHANGED", {
      kind: "conflict",
      message: `nobody is brought up to date behind target ${from} in version ${chainVersion} of chain ${chain}`,
    });
  }
  const counts = { compared: 0, same: 0, sent: 0, sentBytes: 0, removed: 0, damaged: 0 };
  return { chain, chainVersion, from, to, startedMs, ...counts };
}

function damagedHere({ damaged, from, to }: ResyncProgress): PondError {
  return new PondError("CHUNK_CORRUPT", {
    kind: "corrupt",
    message: `${damaged} chunks of target ${from} are damaged, so target ${to} is not up to date`,
    hint: "if no other replica has them, remove the files that they belong to",
  });
}
