/**
 * Passes updates on to one node. Items of one turn, of any of its replicas, go in one question; when as many questions as may
 * be are under way, items gather for the next. Bytes are sent from where they are.
 */
import type { SignalOptions } from "@smallpond/base";
import type { Piece } from "@smallpond/fs-native";
import type { Caller } from "../../wire/rpc/method.ts";
import type { TrafficClass } from "../protocol/common.ts";
import type { ForwardItem, ForwardOutcome } from "../protocol/forward.ts";
import { FORWARD } from "../protocol/methods.ts";
import { refuse } from "./refusals.ts";
import type { ChainSettings } from "./settings.ts";

export interface ForwarderDeps {
  /** To the node, for a class of traffic. */
  readonly caller: (trafficClass: TrafficClass) => Caller;
}

interface Waiting {
  readonly item: () => ForwardItem;
  readonly bytes: Uint8Array | undefined;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (outcome: ForwardOutcome) => void;
  readonly reject: (error: unknown) => void;
  /** Stops listening to the signal. */
  leave: () => void;
}

export class Forwarder {
  readonly #deps: ForwarderDeps;
  readonly #settings: ChainSettings;
  readonly #lanes: Map<TrafficClass, Lane> = new Map();

  constructor(deps: ForwarderDeps, settings: ChainSettings) {
    this.#deps = deps;
    this.#settings = settings;
  }

  /**
   * Resolves with what the successor says; rejects when it does not, or the signal aborts. Bytes are borrowed until it
   * settles, so an abort may have to wait for the question that has them. `item` is asked for when it is sent.
   */
  send(
    item: () => ForwardItem,
    options: SignalOptions & {
      readonly bytes?: Uint8Array | undefined;
      readonly trafficClass: TrafficClass;
    },
  ): Promise<ForwardOutcome> {
    const { bytes, signal, trafficClass } = options;
    let lane = this.#lanes.get(trafficClass);
    if (lane === undefined) {
      lane = new Lane(this.#deps, this.#settings, trafficClass);
      this.#lanes.set(trafficClass, lane);
    }
    return lane.send(item, { bytes, signal });
  }
}

/** Of one class. */
class Lane {
  readonly #deps: ForwarderDeps;
  readonly #settings: ChainSettings;
  readonly #trafficClass: TrafficClass;
  #waiting: Waiting[] = [];
  #questions = 0;
  #isDue = false;

  constructor(deps: ForwarderDeps, settings: ChainSettings, trafficClass: TrafficClass) {
    this.#deps = deps;
    this.#settings = settings;
    this.#trafficClass = trafficClass;
  }

  send(
    item: () => ForwardItem,
    { bytes, signal }: { readonly bytes: Uint8Array | undefined; readonly signal: AbortSignal | undefined },
  ): Promise<ForwardOutcome> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const waiting: Waiting = { item, bytes, signal, resolve, reject, leave: () => {} };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal?.reason as Error);
      };
      signal?.addEventListener("abort", giveUp, { once: true });
      waiting.leave = () => signal?.removeEventListener("abort", giveUp);
      this.#waiting.push(waiting);
      this.#fillSoon();
    });
  }

  /** When this turn is over: others may want to send in it, too. */
  #fillSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      while (this.#waiting.length > 0 && this.#questions < this.#settings.questionsMax) {
        void this.#ask(this.#take());
      }
    });
  }

  #take(): readonly Waiting[] {
    const { questionItemsMax, questionBytesMax } = this.#settings;
    let bytes = 0;
    let count = 0;
    for (const each of this.#waiting) {
      bytes += each.bytes?.length ?? 0;
      if (count === questionItemsMax || (count > 0 && bytes > questionBytesMax)) break;
      count += 1;
    }
    const taken = this.#waiting.splice(0, count);
    for (const each of taken) each.leave();
    return taken;
  }

  async #ask(batch: readonly Waiting[]): Promise<void> {
    this.#questions += 1;
    const stop = new AllAborted(batch.map(({ signal }) => signal));
    try {
      const items = batch.map(({ item }) => item());
      const send: readonly Piece[] = batch.flatMap(({ bytes }) => (bytes?.length ? [bytes] : []));
      const answer = await this.#deps
        .caller(this.#trafficClass)
        .call(
          FORWARD,
          { trafficClass: this.#trafficClass, items },
          { send, signal: stop.signal, timeoutMs: this.#settings.forwardMs },
        );
      if (answer.items.length !== batch.length) {
        throw refuse("UNKNOWN_OUTCOME", `${batch.length} updates have ${answer.items.length} outcomes`);
      }
      for (const [at, { resolve }] of batch.entries()) resolve(answer.items[at]!);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      stop.end();
      this.#questions -= 1;
      this.#fillSoon();
    }
  }
}

/** Aborts when the last of several signals has. */
class AllAborted {
  readonly #signals: readonly (AbortSignal | undefined)[];
  readonly #controller: AbortController = new AbortController();
  readonly #onAbort: () => void;

  constructor(signals: readonly (AbortSignal | undefined)[]) {
    this.#signals = signals;
    this.#onAbort = () => {
      if (!signals.every((signal) => signal?.aborted === true)) return;
      this.#controller.abort(signals[0]?.reason);
    };
    for (const signal of signals) signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#onAbort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  end(): void {
    for (const signal of this.#signals) signal?.removeEventListener("abort", this.#onAbort);
  }
}
