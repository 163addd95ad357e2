/** A client of the registers: asks whoever may be the primary, again and again with the same number, until it knows. */
import type { Clock, Random } from "@smallpond/base";
import type { ClientReply, Message, Update } from "./messages.ts";
import { isNetworkError } from "./network-errors.ts";
import type { Caller } from "./rpc.ts";

/** How an operation ended: with an answer, certainly without effect, or nobody knows. */
export type Outcome =
  | { readonly kind: "answered"; readonly value: string }
  | { readonly kind: "refused" }
  | { readonly kind: "unknown" };

export interface ClientSettings {
  /** How long it asks before it gives up. */
  readonly operationMs: number;
  /** How long it waits for one answer. */
  readonly attemptMs: number;
}

export class RegisterClient {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #callers: readonly Caller[];
  readonly #settings: ClientSettings;
  /** A new one for each start of the client: it has forgotten which numbers it used. */
  readonly #session: string;
  #sequence = 0;
  #target = 0;

  constructor(
    deps: { readonly clock: Clock; readonly random: Random; readonly callers: readonly Caller[] },
    settings: ClientSettings,
  ) {
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#callers = deps.callers;
    this.#settings = settings;
    this.#session = deps.random.uuid();
  }

  read(key: string): Promise<Outcome> {
    return this.#ask({ kind: "read", key });
  }

  update(update: Update): Promise<Outcome> {
    this.#sequence += 1;
    return this.#ask({ kind: "request", session: this.#session, sequence: this.#sequence, update });
  }

  async #ask(question: Message): Promise<Outcome> {
    const untilMs = this.#clock.monotonicMs() + this.#settings.operationMs;
    let mayHaveHappened = false;
    while (this.#clock.monotonicMs() < untilMs) {
      const reply = await this.#attempt(question);
      if (reply?.status === "done") return { kind: "answered", value: reply.value };
      if (reply?.status !== "refused") mayHaveHappened = true;
      this.#target = this.#nextTarget(reply);
      await this.#clock.sleep(5 + 20 * this.#random.next());
    }
    return { kind: mayHaveHappened ? "unknown" : "refused" };
  }

  /** Nothing if there was no answer: the question may have arrived all the same. */
  async #attempt(question: Message): Promise<ClientReply | undefined> {
    try {
      const reply = await this.#callers[this.#target]!.ask(question, this.#settings.attemptMs);
      return reply.kind === "reply" ? reply : undefined;
    } catch (error) {
      if (isNetworkError(error)) return undefined;
      throw error;
    }
  }

  #nextTarget(reply: ClientReply | undefined): number {
    const hinted = reply?.hint ?? -1;
    if (hinted >= 0 && hinted !== this.#target) return hinted;
    return this.#random.int(this.#callers.length);
  }
}
