/**
 * Asks chains, each at its head or its tail, as the routing says where that is: those of one node in one message, and what is
 * refused again, until the time is over. What is asked may be asked again.
 */
import { isPondError, type PondError, type Result } from "@smallpond/base";
import type { ChainId } from "../../ids.ts";
import { fsError } from "../../meta/model/errors.ts";
import type { ChainAt } from "../../storage/protocol/common.ts";
import type { Refusal } from "../../storage/protocol/refusal.ts";
import type { Caller } from "../../wire/rpc/method.ts";
import type { ChainMap, ChainView, Replica } from "./chain-map.ts";
import type { ChunkClientDeps } from "./deps.ts";
import { errorOf, stepAfter } from "./refusal-steps.ts";
import { type Attempt, isFinal, type Patience, Tries, type TryRule, type TrySettings } from "./tries.ts";

export type ChainOutcome<A> = A | ({ readonly kind: "refused" } & Refusal);

export interface ChainQuestion<A> {
  /** What metadata wants, for messages. */
  readonly operation: string;
  readonly who: "head" | "tail";
  /** Chains in one message. */
  readonly chainsMax: number;
  /** Sends one message; an outcome for each of the chains, in their order. */
  send(
    caller: Caller,
    chains: readonly ChainAt[],
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<readonly ChainOutcome<A>[]>;
}

export interface ChainAskerSettings extends TrySettings {
  readonly questionMs: number;
}

interface ChainAttempt<A> extends Attempt<A> {
  readonly chain: ChainId;
  noAnswers: number;
}

interface Group<A> {
  readonly replica: Replica;
  readonly attempts: ChainAttempt<A>[];
  readonly views: ChainView[];
}

export type ChainAskerDeps = Pick<ChunkClientDeps, "routing" | "callers" | "clock" | "random" | "probes"> & {
  readonly map: ChainMap;
};

export class ChainAsker {
  readonly #deps: ChainAskerDeps;
  readonly #settings: ChainAskerSettings;

  constructor(deps: ChainAskerDeps, settings: ChainAskerSettings) {
    this.#deps = deps;
    this.#settings = settings;
  }

  /**
   * What each chain answered, in the order of the chains. Rejects with the first that did not, once all have ended:
   * `ETIMEDOUT` if it was not asked in time, or is not served by anybody. An abort rejects with the patience's reason.
   */
  async ask<A>(
    chains: readonly ChainId[],
    question: ChainQuestion<A>,
    patience: Patience,
  ): Promise<readonly A[]> {
    const attempts = chains.map(
      (chain): ChainAttempt<A> => ({
        chain,
        result: undefined,
        reason: "the time was up before it was asked",
        isLater: false,
        pauses: 0,
        noAnswers: 0,
      }),
    );
    const rule: TryRule<ChainAttempt<A>> = {
      plan: (open) =>
        this.#plan(open, question).map((group) => ({
          attempts: group.attempts,
          ask: (given) => this.#ask(group, question, given),
        })),
    };
    await new Tries({ ...this.#deps, rule }, this.#settings).run(attempts, patience);
    return attempts.map(({ result, chain, reason }) => {
      if (result === undefined) throw late(question.operation, chain, reason);
      if (!result.ok) throw result.error;
      return result.value as A;
    });
  }

  #plan<A>(attempts: readonly ChainAttempt<A>[], question: ChainQuestion<A>): readonly Group<A>[] {
    const groups: Group<A>[] = [];
    const open = new Map<number, Group<A>>();
    for (const attempt of attempts) {
      const view = this.#deps.map.viewOf(attempt.chain);
      const replica = question.who === "head" ? view?.serving[0] : view?.serving.at(-1);
      if (view === undefined || replica === undefined) {
        attempt.reason = "nobody serves it";
        attempt.isLater = true;
        continue;
      }
      let group = open.get(replica.node);
      if (group === undefined || group.attempts.length >= question.chainsMax) {
        group = { replica, attempts: [], views: [] };
        groups.push(group);
        open.set(replica.node, group);
      }
      group.attempts.push(attempt);
      group.views.push(view);
    }
    return groups;
  }

  async #ask<A>(
    { replica, attempts, views }: Group<A>,
    question: ChainQuestion<A>,
    { signal, untilMs }: Patience,
  ): Promise<void> {
    const { callers, clock } = this.#deps;
    const address = replica.addresses[attempts[0]!.noAnswers % replica.addresses.length]!;
    const timeoutMs = Math.max(1, Math.min(this.#settings.questionMs, untilMs - clock.monotonicMs()));
    const chains = views.map(({ chain, version }) => ({ chain, chainVersion: version }));
    let outcomes: readonly ChainOutcome<A>[];
    try {
      outcomes = await question.send(callers.to(address), chains, { signal, timeoutMs });
    } catch (error) {
      if (!isPondError(error)) {
        if (signal.aborted) return;
        throw error;
      }
      for (const attempt of attempts) this.#unanswered(attempt, error);
      return;
    }
    for (const [at, attempt] of attempts.entries()) {
      const outcome = outcomes[at];
      if (outcome === undefined) {
        attempt.reason = "an answer that does not fit the question";
        attempt.isLater = true;
      } else if (isRefused(outcome)) this.#refused(attempt, outcome, views[at]!, question.operation);
      else attempt.result = { ok: true, value: outcome };
    }
  }

  #unanswered(attempt: ChainAttempt<unknown>, error: PondError): void {
    attempt.reason = error.message;
    attempt.noAnswers += 1;
    if (isFinal(error)) attempt.result = { ok: false, error };
    else attempt.isLater = true;
  }

  #refused(attempt: ChainAttempt<unknown>, refusal: Refusal, asked: ChainView, operation: string): void {
    this.#deps.probes.mark(`chunks.${operation} refused: ${refusal.code}`);
    attempt.reason = `${refusal.code}: ${refusal.message}`;
    if (stepAfter(refusal.code) === "final") {
      const error = errorOf(operation, `chain ${attempt.chain}`, refusal);
      attempt.result = { ok: false, error } satisfies Result<never, PondError>;
    } else attempt.isLater = this.#deps.map.viewOf(attempt.chain)?.version === asked.version;
  }
}

function isRefused<A>(outcome: ChainOutcome<A>): outcome is { readonly kind: "refused" } & Refusal {
  return (outcome as { readonly kind?: unknown }).kind === "refused";
}

function late(operation: string, chain: ChainId, reason: string): PondError {
  return fsError("ETIMEDOUT", operation, `chain ${chain}`, {
    reason: `not done in time: ${reason}`,
    hint: "pond cluster status says which chains nobody serves",
  });
}
