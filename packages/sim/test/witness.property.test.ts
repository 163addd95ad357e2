/** The witness's check against the exhaustive search: what it accepts is serializable, and a true witness is accepted. */
import {
  assertSerializableAs,
  checkSerializable,
  REGISTERS,
  type RegisterInput,
  type RegisterOutput,
  UNKNOWN,
  type Witnessed,
} from "@smallpond/sim";
import fc from "fast-check";
import { expect, test } from "vitest";

type Op = Witnessed<RegisterInput, RegisterOutput>;

const draft = fc.record({
  at: fc.integer({ min: 0, max: 20 }),
  before: fc.integer({ min: 1, max: 6 }),
  after: fc.integer({ min: 1, max: 6 }),
  value: fc.constantFrom("1", "2", "3"),
  kind: fc.constantFrom("read", "read", "write", "cas"),
  lost: fc.integer({ min: 0, max: 4 }).map((draw) => draw === 0),
});

/** A history that happened: each operation takes effect at a moment of its own, between its call and its answer. */
const histories = fc.array(draft, { minLength: 1, maxLength: 7 }).map((drafts): readonly Op[] => {
  let state = "";
  const byEffect = drafts
    .map((each, index) => ({ ...each, moment: each.at + index / 100 }))
    .sort((a, b) => a.moment - b.moment);
  return byEffect.map((each, place): Op => {
    const call = each.moment - each.before;
    const answer = each.lost ? Number.POSITIVE_INFINITY : each.moment + each.after + 0.001;
    const input: RegisterInput =
      each.kind === "read"
        ? { kind: "read", key: "x" }
        : each.kind === "write"
          ? { kind: "write", key: "x", value: each.value }
          : { kind: "cas", key: "x", expected: "1", value: each.value };
    const output: RegisterOutput =
      each.kind === "read" ? state : each.kind === "write" ? true : state === "1";
    state = REGISTERS.step(state, input, UNKNOWN)!;
    const changes = each.kind === "write" || (each.kind === "cas" && output === true);
    // A witness knows what a lost answer would have been.
    const known = each.lost && !changes ? UNKNOWN : output;
    return {
      client: `c${place}`,
      input,
      output: known,
      call,
      answer,
      calledMs: call,
      answeredMs: answer,
      place: changes ? place : undefined,
    };
  });
});

function accepts(operations: readonly Op[]): boolean {
  try {
    assertSerializableAs(REGISTERS, operations);
    return true;
  } catch {
    return false;
  }
}

test("what happened is accepted", () => {
  fc.assert(
    fc.property(histories, (operations) => {
      expect(accepts(operations)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("what is accepted after one answer or place was changed is serializable", () => {
  let refused = 0;
  let kept = 0;
  fc.assert(
    fc.property(
      histories,
      fc.nat(),
      fc.constantFrom("", "1", "2", "3", true, false),
      fc.boolean(),
      (operations, at, lie, swap) => {
        const victim = at % operations.length;
        const changed = operations.map((each, index) => {
          if (index !== victim || each.output === UNKNOWN) return each;
          return swap && each.place !== undefined
            ? { ...each, place: each.place + 2.5 }
            : { ...each, output: lie };
        });
        if (!accepts(changed)) {
          refused += 1;
          return;
        }
        kept += 1;
        expect(checkSerializable(REGISTERS, changed, { order: "strict" })).toEqual([]);
      },
    ),
    { numRuns: 3000 },
  );
  expect(refused).toBeGreaterThan(300);
  expect(kept).toBeGreaterThan(300);
});

test("where only reads and one order of writes are at stake, what is refused is not serializable", () => {
  const reads = histories.filter((operations) =>
    operations.every(
      ({ input, output }) => input.kind === "read" || (input.kind === "write" && output !== UNKNOWN),
    ),
  );
  fc.assert(
    fc.property(reads, fc.nat(), fc.constantFrom("", "1", "2", "3"), (operations, at, lie) => {
      // Values that are written once have one order only, so the exhaustive search has no other to find.
      const values = operations.flatMap(({ input }) => (input.kind === "write" ? [input.value] : []));
      fc.pre(new Set(values).size === values.length);
      const writes = operations.filter(({ input }) => input.kind === "write");
      fc.pre(
        writes.every((write, index) => writes.slice(index + 1).every((later) => write.answer < later.call)),
      );
      const victim = at % operations.length;
      const changed = operations.map((each, index) =>
        index === victim && each.input.kind === "read" && each.output !== UNKNOWN
          ? { ...each, output: lie }
          : each,
      );
      expect(accepts(changed)).toBe(checkSerializable(REGISTERS, changed, { order: "strict" }).length === 0);
    }),
    { numRuns: 2000 },
  );
});
