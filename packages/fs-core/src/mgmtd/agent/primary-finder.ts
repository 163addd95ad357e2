/** Finds the primary among several cluster managers, and finds it again when it has changed. */
import { type Clock, isPondError, type NetAddress, type SignalOptions } from "@smallpond/base";
import type { Caller, CallOptions, Method } from "../../wire/rpc/method.ts";
import { mgmtdError } from "../model/errors.ts";
import type { PrimaryPlace } from "../service/messages.ts";
import { PRIMARY } from "../service/methods.ts";

/** Connections to whom they are asked for, made when needed. */
export interface Callers {
  to(address: NetAddress): Caller;
}

export interface PrimaryFinderDeps {
  readonly callers: Callers;
  readonly clock: Clock;
}

export interface PrimaryFinderSettings {
  /** Where cluster managers are; one that answers is enough. */
  readonly managers: readonly NetAddress[];
  /** For one question to one manager. Default 1 s. */
  readonly askMs?: number;
  /** Between two rounds of questions that found nobody. Default 200 ms. */
  readonly pauseMs?: number;
  /** For all tries of one call, unless it says otherwise. Default 10 s. */
  readonly callMs?: number;
}

export interface FoundPrimary {
  readonly term: bigint;
  readonly caller: Caller;
}

export class PrimaryFinder {
  readonly #deps: PrimaryFinderDeps;
  readonly #settings: Required<PrimaryFinderSettings>;
  #found: FoundPrimary | undefined;
  #finding: Promise<FoundPrimary | undefined> | undefined;
  /** The newest term that turned out to be over: managers may name it for a while. */
  #overTerm = 0n;

  constructor(deps: PrimaryFinderDeps, settings: PrimaryFinderSettings) {
    this.#deps = deps;
    this.#settings = { askMs: 1000, pauseMs: 200, callMs: 10_000, ...settings };
  }

  /** One round of questions, unless the primary is known already. Throws `NO_PRIMARY`. */
  async find(): Promise<FoundPrimary> {
    if (this.#found !== undefined) return this.#found;
    // Whoever asks meanwhile waits for the same round.
    this.#finding ??= this.#ask().finally(() => {
      this.#finding = undefined;
    });
    this.#found ??= await this.#finding;
    if (this.#found !== undefined) return this.#found;
    throw mgmtdError(
      "NO_PRIMARY",
      `none of ${this.#settings.managers.length} cluster managers knows a primary`,
      {
        hint: "wait for the election, or check that a majority of them and their store are up",
      },
    );
  }

  /** What was found does not answer as primary any more. */
  lost(found: FoundPrimary, reason: unknown): void {
    if (this.#found === found) this.#found = undefined;
    if (isPondError(reason, "NOT_PRIMARY") && found.term > this.#overTerm) this.#overTerm = found.term;
  }

  /**
   * Calls the method on the primary, finding another one when that is not it any more, until the time is over. A question
   * that may have arrived is sent again only if the method says that this is harmless.
   */
  async call<Q, A>(method: Method<Q, A>, question: Q, options: CallOptions = {}): Promise<A> {
    const { clock } = this.#deps;
    const { callMs, pauseMs } = this.#settings;
    const untilMs = clock.monotonicMs() + (options.timeoutMs ?? callMs);
    for (;;) {
      options.signal?.throwIfAborted();
      let found: FoundPrimary | undefined;
      try {
        found = await this.find();
        const timeoutMs = Math.max(1, untilMs - clock.monotonicMs());
        return await found.caller.call(method, question, { ...options, timeoutMs, attempts: 1 });
      } catch (error) {
        if (found !== undefined && isLost(error)) this.lost(found, error);
        const again = isAgain(error) || (method.repeatable && isUnanswered(error));
        if (!again || clock.monotonicMs() + pauseMs >= untilMs) throw error;
      }
      await clock.sleep(pauseMs, options);
    }
  }

  /** The first answer that names a primary of a new term; else, when all have answered, that of the newest term. */
  async #ask(): Promise<FoundPrimary | undefined> {
    let best: PrimaryPlace | undefined;
    const answered = this.#settings.managers.map(async (address) => {
      const { primary } = await this.#deps.callers
        .to(address)
        .call(PRIMARY, undefined, { timeoutMs: this.#settings.askMs, attempts: 1 });
      if (primary !== undefined && primary.term > (best?.term ?? 0n)) best = primary;
      // Only a rejection keeps `any` waiting for the others.
      if (primary === undefined || primary.term <= this.#overTerm) throw new Error("not a new term");
    });
    await Promise.any(answered).catch(() => {});
    const address = best?.addresses[0];
    if (best === undefined || address === undefined) return undefined;
    return { term: best.term, caller: this.#deps.callers.to(address) };
  }
}

/** Sleeps without a rejection on abort, for loops that look at the signal themselves. */
export function pause(clock: Clock, ms: number, options: SignalOptions): Promise<void> {
  return clock.sleep(ms, options).catch(() => {});
}

/** Whether the error says that this is not the primary, or cannot be reached. */
export function isLost(error: unknown): boolean {
  return isPondError(error, "NOT_PRIMARY") || isPondError(error, "WRONG_TERM") || isUnanswered(error);
}

function isUnanswered(error: unknown): boolean {
  return (
    isPondError(error) && (error.kind === "retry" || error.kind === "unknown-outcome" || isDeadline(error))
  );
}

function isDeadline(error: unknown): boolean {
  return isPondError(error, "DEADLINE_EXCEEDED");
}

/** Whether nothing can have been done. */
function isAgain(error: unknown): boolean {
  return isPondError(error) && (error.kind === "retry" || error.code === "NO_PRIMARY");
}
