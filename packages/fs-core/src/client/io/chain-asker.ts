/** Asks the head or the tail of a chain, as the routing says where that is, until it does what it was asked. */
import type { Clock, NetAddress, PondError, Random, SignalOptions } from "@smallpond/base";
import type { ChainId } from "../../ids.ts";
import { fsError } from "../../meta/model/errors.ts";
import type { ChainAt } from "../../storage/protocol/common.ts";
import type { Refusal } from "../../storage/protocol/refusal.ts";
import type { Caller, Method } from "../../wire/rpc/method.ts";
import type { ChainPlaces, ReplicaPlace } from "./chain-places.ts";
import { Tries } from "./tries.ts";
import { NOBODY, nextOf, refusalOf } from "./verdict.ts";

export interface ChainAskerDeps {
  readonly places: ChainPlaces;
  readonly callers: { to(address: NetAddress): Caller };
  readonly clock: Clock;
  readonly random: Random;
}

export interface ChainAskerSettings {
  /** All tries of one question. */
  readonly timeoutMs: number;
  readonly questionMs: number;
  readonly pauseMsMin: number;
  readonly pauseMsMax: number;
}

export type Answered<A> = Exclude<A, { readonly kind: "refused" }>;

export class ChainAsker {
  readonly #deps: ChainAskerDeps;
  readonly #settings: ChainAskerSettings;

  constructor(deps: ChainAskerDeps, settings: ChainAskerSettings) {
    this.#deps = deps;
    this.#settings = settings;
  }

  /** One question to one replica; what refuses is asked again, elsewhere if the chain has changed. */
  async ask<Q, A extends { readonly kind: string }>(
    chain: ChainId,
    who: "head" | "tail",
    method: Method<Q, A>,
    question: (at: ChainAt) => Q,
    options: SignalOptions & { readonly operation: string },
  ): Promise<Answered<A>> {
    const tries = this.tries();
    for (;;) {
      const answer = await this.#once(chain, who, method, question, options);
      if (answer.kind !== "refused") return answer as Answered<A>;
      await this.again(answer as unknown as Refusal, tries, { ...options, chain });
    }
  }

  tries(): Tries {
    const { timeoutMs } = this.#settings;
    return new Tries(this.#deps, { ...this.#settings, untilMs: this.#deps.clock.monotonicMs() + timeoutMs });
  }

  /** Waits before another try; throws what the question failed with if there will be none. */
  async again(
    refusal: Refusal,
    tries: Tries,
    options: SignalOptions & { readonly operation: string; readonly chain: ChainId },
  ): Promise<void> {
    const { operation, chain } = options;
    if (nextOf(refusal) !== "final" && (await tries.pause(options))) return;
    throw chainError(operation, chain, refusal);
  }

  async #once<Q, A extends { readonly kind: string }>(
    chain: ChainId,
    who: "head" | "tail",
    method: Method<Q, A>,
    question: (at: ChainAt) => Q,
    { signal }: SignalOptions,
  ): Promise<A | ({ readonly kind: "refused" } & Refusal)> {
    const { places, callers } = this.#deps;
    const place = places.placeOf(chain);
    const replica: ReplicaPlace | undefined = who === "head" ? place?.serving[0] : place?.serving.at(-1);
    if (place === undefined || replica === undefined) return { kind: "refused", ...NOBODY };
    const at = { chain, chainVersion: place.chainVersion };
    try {
      const timeoutMs = this.#settings.questionMs;
      return await callers.to(replica.address).call(method, question(at), { signal, timeoutMs });
    } catch (error) {
      signal?.throwIfAborted();
      return { kind: "refused", ...refusalOf(error) };
    }
  }
}

export function chainError(operation: string, chain: ChainId, refusal: Refusal): PondError {
  const late = nextOf(refusal) !== "final";
  return fsError(late ? "ETIMEDOUT" : "EIO", operation, `chain ${chain}`, { reason: refusal.message });
}
