/**
 * Asks metadata services, of which any will do: each change has an identity of its own, so it is sent again, to the next
 * service, until somebody answers, and still takes effect once (I8).
 */
import { assert, type Clock, isPondError, type Random, type SignalOptions } from "@smallpond/base";
import { type ClientId, newRandomId, type RequestId } from "../ids.ts";
import { isFsError } from "../meta/model/errors.ts";
import type { Actor, MutationHeader, QuestionHeader } from "../meta/operation.ts";
import type { Caller, Method } from "../wire/rpc/method.ts";

export interface MetaCallerDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** One for each service, or several connections to one. At least one. */
  readonly callers: readonly Caller[];
}

export interface MetaCallerSettings {
  readonly client: ClientId;
  /** As whom, where the connection may speak for others. */
  readonly as?: Actor | undefined;
  /** All tries of one call. Default 30 s. */
  readonly timeoutMs?: number;
  /** One try. Default 3 s. */
  readonly attemptMs?: number;
}

const TIMEOUT_MS = 30_000;
const ATTEMPT_MS = 3000;
const PAUSE_MS_MIN = 10;
const PAUSE_MS_MAX = 500;

/** A question without what is the same in all of a client's. */
export type Asked<Q> = Omit<Q, keyof MutationHeader>;

export interface MetaCallOptions extends SignalOptions {
  /** All tries of this call, where it is not what the settings say. */
  readonly timeoutMs?: number;
  /** Of a change that is asked for again after its outcome stayed unknown. */
  readonly request?: RequestId;
}

export class MetaCaller {
  readonly client: ClientId;
  readonly #deps: MetaCallerDeps;
  readonly #settings: MetaCallerSettings;
  /** Whom to ask: always the same one, until it does not answer. */
  #turn: number;

  constructor(deps: MetaCallerDeps, settings: MetaCallerSettings) {
    assert(deps.callers.length > 0, "there is nobody to ask");
    this.#deps = deps;
    this.#settings = settings;
    this.client = settings.client;
    this.#turn = deps.random.int(deps.callers.length);
  }

  /** An identity for something that is asked for more than once. */
  newRequest(): RequestId {
    return newRandomId<RequestId>(this.#deps.random);
  }

  /** Errors of the file system are thrown as they came; what nobody answered in time, as the last try failed. */
  async ask<Q extends QuestionHeader, A>(
    method: Method<Q, A>,
    question: Asked<Q>,
    options: MetaCallOptions = {},
  ): Promise<A> {
    // Who opens a file to read says as which client.
    const asked = { as: this.#settings.as, client: this.client, ...question };
    return await this.#send(method, asked as unknown as Q, options);
  }

  /** The same for a change: an error of kind `unknown-outcome` says that it may have happened, or may yet. */
  async change<Q extends MutationHeader, A>(
    method: Method<Q, A>,
    question: Asked<Q>,
    options: MetaCallOptions = {},
  ): Promise<A> {
    const request = options.request ?? this.newRequest();
    const asked = { as: this.#settings.as, client: this.client, request, ...question };
    return await this.#send(method, asked as unknown as Q, options);
  }

  async #send<Q, A>(method: Method<Q, A>, question: Q, options: MetaCallOptions): Promise<A> {
    const { clock, random, callers } = this.#deps;
    const { timeoutMs = TIMEOUT_MS, attemptMs = ATTEMPT_MS } = this.#settings;
    const untilMs = clock.monotonicMs() + (options.timeoutMs ?? timeoutMs);
    let pauseMs = PAUSE_MS_MIN;
    for (;;) {
      const leftMs = untilMs - clock.monotonicMs();
      const turn = this.#turn;
      try {
        return await callers[turn]!.call(method, question, {
          timeoutMs: Math.max(1, Math.min(attemptMs, leftMs)),
          signal: options.signal,
          // Rather somebody else than the same one again.
          attempts: 1,
        });
      } catch (error) {
        if (options.signal?.aborted || !mayTryAgain(error) || leftMs <= pauseMs) throw error;
        // Of several calls that this one did not answer, one turns to the next.
        if (this.#turn === turn) this.#turn = (turn + 1) % callers.length;
      }
      await clock.sleep(pauseMs * (0.5 + random.next() / 2), options);
      pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX);
    }
  }
}

/** What another service, or the same one later, may answer better. What the file system says is an answer. */
function mayTryAgain(error: unknown): boolean {
  if (!isPondError(error) || isFsError(error)) return false;
  const { code, kind } = error;
  return kind === "retry" || kind === "unknown-outcome" || kind === "conflict" || PASSING.has(code as string);
}

/** Of other kinds, but over once another service is asked. */
const PASSING: ReadonlySet<string> = new Set(["CLOSING", "STORE_UNREACHABLE"]);
