/** A store of keys under transactions that read some keys and write some: the model for serializability. */
import { type Model, UNKNOWN } from "./model.ts";

export interface TransactionInput {
  /** Keys read before anything is written. */
  readonly reads: readonly string[];
  readonly writes: Readonly<Record<string, string>>;
}

/** What was read, in the order of `reads`; "" for a key nobody wrote. */
export type TransactionOutput = readonly string[];

type Store = Readonly<Record<string, string>>;

export const KEY_VALUE_TRANSACTIONS: Model<Store, TransactionInput, TransactionOutput> = Object.freeze({
  name: "history",
  init: () => ({}),
  step(state: Store, input: TransactionInput, output: TransactionOutput | typeof UNKNOWN): Store | undefined {
    const fits =
      output === UNKNOWN || input.reads.every((key, index) => (state[key] ?? "") === output[index]);
    return fits ? { ...state, ...input.writes } : undefined;
  },
  key: (state: Store) => JSON.stringify(Object.entries(state).sort(([a], [b]) => (a < b ? -1 : 1))),
  readOnly: (input: TransactionInput) => Object.keys(input.writes).length === 0,
  describe(input: TransactionInput, output: TransactionOutput | typeof UNKNOWN): string {
    const seen = input.reads.map((key, index) => `${key}=${output === UNKNOWN ? "?" : output[index]}`);
    return `read ${seen.join(" ")} write ${JSON.stringify(input.writes)}`;
  },
});
