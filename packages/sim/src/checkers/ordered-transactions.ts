/**
 * Transactions over an ordered store, step by step in the order they were made: a read sees what its own transaction
 * wrote before it. Values are text; counters are whole numbers as text, in keys of their own.
 */
import { assertNever } from "@smallpond/base";
import { type Model, UNKNOWN } from "./model.ts";

export type TransactionStep =
  | { readonly kind: "get"; readonly key: string }
  /** From `begin` to before `end`, at most `limit`, the last first with `reverse`. */
  | {
      readonly kind: "range";
      readonly begin: string;
      readonly end: string;
      readonly limit: number;
      readonly reverse: boolean;
    }
  /** `stamped`: with the version of its commit before the value, which readers leave away. */
  | { readonly kind: "set"; readonly key: string; readonly value: string; readonly stamped?: true }
  | { readonly kind: "clear"; readonly key: string }
  | { readonly kind: "clearRange"; readonly begin: string; readonly end: string }
  | { readonly kind: "add"; readonly key: string; readonly delta: bigint }
  | { readonly kind: "max"; readonly key: string; readonly value: bigint };

/** What each `get` and `range` saw, in order: the value, "" for a missing one; `key=value` of each entry. */
export type StepsSeen = readonly string[];

type Rows = ReadonlyMap<string, string>;

export const ORDERED_TRANSACTIONS: Model<Rows, readonly TransactionStep[], StepsSeen> = Object.freeze({
  name: "history",
  init: () => new Map(),
  step(state: Rows, steps: readonly TransactionStep[], output: StepsSeen | typeof UNKNOWN): Rows | undefined {
    const { rows, seen } = runSteps(state, steps);
    const fits = output === UNKNOWN || seen.every((text, index) => text === output[index]);
    return fits ? rows : undefined;
  },
  key: (state: Rows) =>
    [...state]
      .sort(byKey)
      .map(([key, value]) => `${key}=${value}`)
      .join(),
  readOnly: (steps: readonly TransactionStep[]) =>
    steps.every(({ kind }) => kind === "get" || kind === "range"),
  describe(steps: readonly TransactionStep[], output: StepsSeen | typeof UNKNOWN): string {
    let read = 0;
    const saw = (): string => (output === UNKNOWN ? "?" : `[${output[read++] ?? ""}]`);
    return (
      steps.map((step) => describeStep(step, saw)).join("; ") + (output === UNKNOWN ? " → no answer" : "")
    );
  },
});

/** Runs the steps one after another: what becomes of the rows, and what each read sees. */
export function runSteps(
  state: Rows,
  steps: readonly TransactionStep[],
): { readonly rows: Rows; readonly seen: StepsSeen } {
  const rows = new Map(state);
  const seen: string[] = [];
  for (const step of steps) {
    switch (step.kind) {
      case "get":
        seen.push(rows.get(step.key) ?? "");
        break;
      case "range":
        seen.push(
          scan(rows, step)
            .slice(0, step.limit)
            .map(([key, value]) => `${key}=${value}`)
            .join(),
        );
        break;
      case "set":
        rows.set(step.key, step.value);
        break;
      case "clear":
        rows.delete(step.key);
        break;
      case "clearRange":
        for (const [key] of scan(rows, { ...step, reverse: false })) rows.delete(key);
        break;
      case "add":
        rows.set(step.key, `${BigInt(rows.get(step.key) ?? "0") + step.delta}`);
        break;
      case "max": {
        const before = rows.get(step.key);
        rows.set(step.key, `${before !== undefined && BigInt(before) > step.value ? before : step.value}`);
        break;
      }
      default:
        assertNever(step);
    }
  }
  return { rows, seen };
}

function scan(
  rows: Rows,
  { begin, end, reverse }: { readonly begin: string; readonly end: string; readonly reverse: boolean },
): readonly (readonly [string, string])[] {
  const found = [...rows].filter(([key]) => key >= begin && key < end).sort(byKey);
  return reverse ? found.reverse() : found;
}

function byKey([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function describeStep(step: TransactionStep, saw: () => string): string {
  switch (step.kind) {
    case "get":
      return `get ${step.key} ${saw()}`;
    case "range":
      return `range ${step.begin}–${step.end}${step.reverse ? " reversed" : ""} ${saw()}`;
    case "set":
      return `set ${step.key}=${step.value}`;
    case "clear":
      return `clear ${step.key}`;
    case "clearRange":
      return `clear ${step.begin}–${step.end}`;
    case "add":
      return `add ${step.delta} to ${step.key}`;
    case "max":
      return `raise ${step.key} to ${step.value}`;
    default:
      return step satisfies never;
  }
}
