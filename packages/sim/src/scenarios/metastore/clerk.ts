/** A client of a metastore: runs random transactions, one after another, and writes down what it was told. */
import { type Clock, isPondError, type Probes, type Random } from "@smallpond/base";
import type { Metastore, ReadTransaction, Transaction } from "@smallpond/fs-core";
import type { OpenOperation } from "../../checkers/history.ts";
import type { StepsSeen, TransactionStep } from "../../checkers/ordered-transactions.ts";
import { type Transactions, writes } from "./transactions.ts";

export interface ClerkDeps {
  readonly metastore: Metastore;
  readonly clock: Clock;
  readonly probes: Probes;
  readonly transactions: Transactions;
  /** Whether the process still lives; the dead write nothing down. */
  readonly alive: () => boolean;
}

export interface ClerkSettings {
  readonly name: string;
  /** How long a transaction may take. */
  readonly transactionMs: number;
  /** Longest pause between two steps of a transaction. */
  readonly dawdleMs: number;
}

export class Clerk {
  readonly #deps: ClerkDeps;
  readonly #settings: ClerkSettings;

  constructor(deps: ClerkDeps, settings: ClerkSettings) {
    this.#deps = deps;
    this.#settings = settings;
  }

  /** Runs one transaction of those steps. Whatever goes wrong in an expected way is written down, not thrown. */
  async run(steps: readonly TransactionStep[], random: Random): Promise<void> {
    const { transactions, clock, alive } = this.#deps;
    using deadline = clock.deadline(this.#settings.transactionMs);
    const attempt = transactions.newAttempt(steps);
    const open = transactions.history.call(this.#settings.name, attempt);
    const asked = transactions.commits.ask();
    try {
      const transaction = await this.#deps.metastore.begin({ signal: deadline.signal });
      const seen = await this.#step(transaction, steps, random, deadline.signal);
      if (!alive()) return;
      if (writes(steps)) transaction.set(encodeText(attempt.id), new Uint8Array());
      await this.#commit(transaction, { open, asked, steps, seen, signal: deadline.signal });
    } catch (error) {
      if (!alive()) return;
      if (!isExpected(error)) throw error;
      this.#deps.probes.mark(`transaction: ${error.code}`);
      open.refused();
    }
  }

  async #step(
    transaction: Transaction,
    steps: readonly TransactionStep[],
    random: Random,
    signal: AbortSignal,
  ): Promise<StepsSeen> {
    const seen: string[] = [];
    for (const step of steps) {
      if (random.next() < 0.2)
        await this.#deps.clock.sleep(this.#settings.dawdleMs * random.next(), { signal });
      const text = await this.#take(transaction, step);
      if (text !== undefined) seen.push(text);
    }
    return seen;
  }

  /** What a read saw; nothing for a write. */
  async #take(transaction: Transaction, step: TransactionStep): Promise<string | undefined> {
    switch (step.kind) {
      case "get":
        return this.#see(transaction, step.key);
      case "range": {
        const { limit, reverse } = step;
        const page = await transaction.range(
          { begin: encodeText(step.begin), end: encodeText(step.end) },
          { limit, reverse },
        );
        return page.entries
          .map(({ key, value }) => `${decodeText(key)}=${this.#read(decodeText(key), value)}`)
          .join();
      }
      case "set":
        if (step.stamped === true) {
          transaction.setVersionstamped(encodeText(step.key), stampRoom(step.value));
        } else {
          transaction.set(encodeText(step.key), encodeText(step.value));
        }
        return undefined;
      case "clear":
        transaction.clear(encodeText(step.key));
        return undefined;
      case "clearRange":
        transaction.clearRange({ begin: encodeText(step.begin), end: encodeText(step.end) });
        return undefined;
      case "add":
        transaction.add(encodeText(step.key), step.delta);
        return undefined;
      case "max":
        transaction.max(encodeText(step.key), step.value);
        return undefined;
      default:
        return step satisfies never;
    }
  }

  async #see(transaction: ReadTransaction, key: string): Promise<string> {
    const value = await transaction.get(encodeText(key));
    return value === undefined ? "" : this.#read(key, value);
  }

  #read(key: string, value: Uint8Array): string {
    if (key.startsWith("n")) return `${new DataView(value.buffer, value.byteOffset, 8).getBigInt64(0, true)}`;
    if (!key.startsWith("v")) return decodeText(value);
    const version = new DataView(value.buffer, value.byteOffset, 8).getBigUint64(0);
    const tag = decodeText(value.subarray(8));
    this.#deps.transactions.commits.seen(tag, version);
    return tag;
  }

  async #commit(
    transaction: Transaction,
    told: {
      readonly open: OpenOperation<StepsSeen>;
      readonly asked: number;
      readonly steps: readonly TransactionStep[];
      readonly seen: StepsSeen;
      readonly signal: AbortSignal;
    },
  ): Promise<void> {
    const { alive, probes, transactions } = this.#deps;
    try {
      const outcome = await transaction.commit({ signal: told.signal });
      if (!alive()) return;
      if (outcome.kind !== "committed") probes.mark(`commit: ${outcome.kind}`);
      if (outcome.kind === "conflict") told.open.refused();
      if (outcome.kind !== "committed") return;
      told.open.answered(told.seen);
      transactions.commits.answered({ asked: told.asked, version: outcome.version, steps: told.steps });
    } catch (error) {
      if (!alive()) return;
      // An abort leaves the outcome open, as an unknown one does.
      if (isUnknown(error)) return;
      throw error;
    }
  }
}

/** What a metastore may throw while things break: nothing was written. */
function isExpected(error: unknown): error is { readonly code: string } & Error {
  return (
    isPondError(error) && error.kind !== "internal" && error.kind !== "corrupt" && error.kind !== "invalid"
  );
}

function isUnknown(error: unknown): boolean {
  return isPondError(error) && (error.kind === "unknown-outcome" || error.code === "DEADLINE_EXCEEDED");
}

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

function encodeText(text: string): Uint8Array {
  return ENCODER.encode(text);
}

function decodeText(bytes: Uint8Array): string {
  return DECODER.decode(bytes);
}

function stampRoom(value: string): Uint8Array {
  const tag = encodeText(value);
  const bytes = new Uint8Array(8 + tag.length);
  bytes.set(tag, 8);
  return bytes;
}
