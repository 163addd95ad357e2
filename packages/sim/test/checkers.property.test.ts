/** The search against brute force on histories small enough to try every order. */
import {
  checkLinearizable,
  checkSerializable,
  type Operation,
  REGISTERS,
  type RegisterInput,
  type RegisterOutput,
  UNKNOWN,
} from "@smallpond/sim";
import fc from "fast-check";
import { expect, test } from "vitest";

type Op = Operation<RegisterInput, RegisterOutput>;

const value = fc.constantFrom("", "1", "2");
const kind = fc.oneof(
  fc.record({
    input: fc.constant<RegisterInput>({ kind: "read", key: "x" }),
    output: value as fc.Arbitrary<RegisterOutput>,
  }),
  fc.record({
    input: value.map((v): RegisterInput => ({ kind: "write", key: "x", value: v })),
    output: fc.constant<RegisterOutput>(true),
  }),
  fc.record({
    input: fc
      .tuple(value, value)
      .map(([expected, v]): RegisterInput => ({ kind: "cas", key: "x", expected, value: v })),
    output: fc.boolean() as fc.Arbitrary<RegisterOutput>,
  }),
);
const operation = fc.record({
  at: fc.integer({ min: 0, max: 12 }),
  lasts: fc.integer({ min: 1, max: 8 }),
  client: fc.constantFrom("a", "b"),
  known: fc.integer({ min: 0, max: 5 }).map((draw) => draw > 1),
  /** Whether it is known to be over where it is not known what became of it. */
  isOver: fc.boolean(),
  kind,
});

function historiesWhere({ canBeOver }: { readonly canBeOver: boolean }): fc.Arbitrary<readonly Op[]> {
  return fc.array(operation, { maxLength: 5 }).map((drafts) =>
    drafts.map((draft, index): Op => {
      const call = draft.at + index / 100;
      const ends = draft.known || (canBeOver && draft.isOver);
      const answer = ends ? call + draft.lasts : Number.POSITIVE_INFINITY;
      const output = draft.known ? draft.kind.output : UNKNOWN;
      const { client, kind } = draft;
      return { client, input: kind.input, output, call, answer, calledMs: call, answeredMs: answer };
    }),
  );
}

/** Every order of every subset that holds all answered operations. */
function bruteForce(operations: readonly Op[], mayFollow: (later: Op, earlier: Op) => boolean): boolean {
  const visit = (state: string, rest: readonly Op[]): boolean => {
    if (rest.every((op) => op.output === UNKNOWN)) return true;
    return rest.some((op) => {
      const others = rest.filter((other) => other !== op);
      // Perhaps it never happened.
      if (op.output === UNKNOWN && visit(state, others)) return true;
      if (others.some((other) => !mayFollow(other, op))) return false;
      const next = REGISTERS.step(state, op.input, op.output);
      return next !== undefined && visit(next, others);
    });
  };
  return visit("", operations);
}

test("linearizability agrees with brute force", () => {
  let bad = 0;
  fc.assert(
    fc.property(historiesWhere({ canBeOver: true }), (operations) => {
      const expected = bruteForce(operations, (later, earlier) => !(later.answer < earlier.call));
      if (!expected) bad += 1;
      expect(checkLinearizable(REGISTERS, operations).length === 0).toBe(expected);
    }),
    { numRuns: 3000 },
  );
  expect(bad).toBeGreaterThan(100);
});

test("serializability agrees with brute force, in sessions and strictly", () => {
  let differ = 0;
  fc.assert(
    fc.property(historiesWhere({ canBeOver: false }), (operations) => {
      const strict = bruteForce(operations, (later, earlier) => !(later.answer < earlier.call));
      const sessions = bruteForce(
        operations,
        // A later operation of a session must not stand before an earlier one that was answered.
        (later, earlier) =>
          !(later.client === earlier.client && later.call < earlier.call && later.output !== UNKNOWN),
      );
      if (strict !== sessions) differ += 1;
      expect(checkSerializable(REGISTERS, operations, { order: "strict" }).length === 0).toBe(strict);
      expect(checkSerializable(REGISTERS, operations, { order: "sessions" }).length === 0).toBe(sessions);
    }),
    { numRuns: 3000 },
  );
  expect(differ).toBeGreaterThan(20);
});
