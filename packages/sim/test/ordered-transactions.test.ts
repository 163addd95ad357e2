import {
  assertSerializable,
  History,
  ORDERED_TRANSACTIONS,
  type StepsSeen,
  type TransactionStep,
} from "@smallpond/sim";
import { expect, test } from "vitest";

/** Runs the steps on what earlier ones left; the reads as the model says they are. */
function after(
  earlier: readonly TransactionStep[],
  steps: readonly TransactionStep[],
  seen: StepsSeen,
): boolean {
  const state = ORDERED_TRANSACTIONS.step(ORDERED_TRANSACTIONS.init(), earlier, [])!;
  return ORDERED_TRANSACTIONS.step(state, steps, seen) !== undefined;
}

const two: readonly TransactionStep[] = [
  { kind: "set", key: "k1", value: "a" },
  { kind: "set", key: "k2", value: "b" },
];
const range = { kind: "range", begin: "k0", end: "k9", limit: 10, reverse: false } as const;

test("a read sees what its own transaction wrote before it, and not what it writes later", () => {
  expect(
    after(
      two,
      [
        { kind: "get", key: "k1" },
        { kind: "set", key: "k1", value: "c" },
        { kind: "get", key: "k1" },
      ],
      ["a", "c"],
    ),
  ).toBe(true);
  expect(
    after(
      two,
      [
        { kind: "get", key: "k1" },
        { kind: "set", key: "k1", value: "c" },
      ],
      ["c"],
    ),
  ).toBe(false);
});

test("a range is in order, bounded, cut and turned around", () => {
  expect(after(two, [range], ["k1=a,k2=b"])).toBe(true);
  expect(after(two, [{ ...range, reverse: true, limit: 1 }], ["k2=b"])).toBe(true);
  expect(after(two, [{ ...range, end: "k2" }], ["k1=a"])).toBe(true);
  expect(after(two, [{ kind: "clearRange", begin: "k1", end: "k2" }, range], ["k2=b"])).toBe(true);
});

test("a missing counter is raised to whatever it is raised to, and counts from nothing", () => {
  expect(
    after(
      [],
      [
        { kind: "max", key: "n", value: -5n },
        { kind: "get", key: "n" },
      ],
      ["-5"],
    ),
  ).toBe(true);
  expect(
    after(
      [],
      [
        { kind: "add", key: "n", delta: 3n },
        { kind: "max", key: "n", value: 2n },
        { kind: "get", key: "n" },
      ],
      ["3"],
    ),
  ).toBe(true);
});

test("write skew is not serializable", () => {
  const history = new History<readonly TransactionStep[], StepsSeen>({ nowMs: () => 0 });
  const left = history.call("a", [
    { kind: "get", key: "k1" },
    { kind: "set", key: "k2", value: "x" },
  ]);
  const right = history.call("b", [
    { kind: "get", key: "k2" },
    { kind: "set", key: "k1", value: "y" },
  ]);
  left.answered([""]);
  right.answered([""]);
  expect(() => assertSerializable(ORDERED_TRANSACTIONS, history.operations(), { order: "strict" })).toThrow(
    /no order/,
  );
});
