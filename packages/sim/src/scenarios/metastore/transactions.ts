/** Everything that the clerks of a run did, and the store as the witness of what became of it. */
import { toHex } from "@smallpond/base";
import type { StoreMutation } from "@smallpond/fs-core";
import { History } from "../../checkers/history.ts";
import { UNKNOWN } from "../../checkers/model.ts";
import {
  ORDERED_TRANSACTIONS,
  type StepsSeen,
  type TransactionStep,
} from "../../checkers/ordered-transactions.ts";
import { assertSerializableAs } from "../../checkers/witness.ts";
import { Commits } from "./commits.ts";

/** Keys of rows that say which transaction wrote them, beside what it did: one each, never read. */
const MARKER = "t";

export class Transactions {
  readonly history: History<Attempt, StepsSeen>;
  readonly commits: Commits = new Commits();
  readonly #places: Map<string, number> = new Map();
  #ids = 0;

  constructor(deps: { readonly nowMs: () => number }) {
    this.history = new History(deps);
  }

  newAttempt(steps: readonly TransactionStep[]): Attempt {
    this.#ids += 1;
    return { id: `${MARKER}${this.#ids}`, steps };
  }

  /** The store wrote a batch. */
  onApplied(batch: readonly StoreMutation[]): void {
    for (const mutation of batch) {
      if (mutation.kind !== "set" || mutation.key[0] !== MARKER.charCodeAt(0)) continue;
      const id = new TextDecoder().decode(mutation.key);
      if (this.#places.has(id))
        throw new Error(`transaction ${id} was written twice: ${toHex(mutation.key)}`);
      this.#places.set(id, this.#places.size);
    }
  }

  /** Throws unless the order of the store explains all that was seen, and versions rose. */
  check(): void {
    const operations = this.history.operations().map((operation) => ({
      ...operation,
      place: this.#places.get(operation.input.id),
    }));
    for (const { input, output, place } of operations) {
      const lost = output !== UNKNOWN && place === undefined && writes(input.steps);
      if (lost) throw new Error(`transaction ${input.id} was acknowledged and never written`);
    }
    const refused = [...this.#places.keys()].filter((id) => !operations.some(({ input }) => input.id === id));
    if (refused.length > 0)
      throw new Error(`transactions were refused and written all the same: ${refused.join()}`);
    assertSerializableAs(ATTEMPTS, operations);
    this.commits.check();
  }
}

export interface Attempt {
  /** Key of the row that says that it was written. */
  readonly id: string;
  readonly steps: readonly TransactionStep[];
}

const ATTEMPTS = {
  name: ORDERED_TRANSACTIONS.name,
  init: () => ORDERED_TRANSACTIONS.init(),
  step: (state: ReadonlyMap<string, string>, { steps }: Attempt, output: StepsSeen | typeof UNKNOWN) =>
    ORDERED_TRANSACTIONS.step(state, steps, output),
  key: (state: ReadonlyMap<string, string>) => ORDERED_TRANSACTIONS.key(state),
  readOnly: ({ steps }: Attempt) => !writes(steps),
  describe: ({ id, steps }: Attempt, output: StepsSeen | typeof UNKNOWN) =>
    `${id}: ${ORDERED_TRANSACTIONS.describe(steps, output)}`,
} as const;

export function writes(steps: readonly TransactionStep[]): boolean {
  return steps.some(({ kind }) => kind !== "get" && kind !== "range");
}
