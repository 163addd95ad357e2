/** The model of locks against one lock a byte. */
import { LOCKS, type LockInput } from "@smallpond/sim";
import fc from "fast-check";
import { expect, test } from "vitest";

const BYTES = 6;
const range = fc
  .tuple(fc.integer({ min: 0, max: BYTES - 1 }), fc.integer({ min: 1, max: BYTES }))
  .filter(([start, end]) => start < end)
  .map(([start, end]) => ({ start, end }));
const owner = fc.constantFrom("c0 p1", "c0 p2", "c1 p1");
const lockInput: fc.Arbitrary<LockInput> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ range, owner, alone: fc.boolean() }).map((each) => ({
      kind: "lock" as const,
      file: "f",
      owner: each.owner,
      alone: each.alone,
      ...each.range,
    })),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ range, owner })
      .map((each) => ({ kind: "unlock" as const, file: "f", owner: each.owner, ...each.range })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("c0", "c1").map((client) => ({ kind: "gone" as const, file: "f", client })),
  },
);

/** Who holds a byte, and whether alone. */
type Byte = ReadonlyMap<string, boolean>;

function step(
  bytes: readonly Byte[],
  input: LockInput,
): { readonly bytes: readonly Byte[]; readonly output: "granted" | "refused" | "done" } {
  if (input.kind === "gone") {
    return {
      bytes: bytes.map((byte) => new Map([...byte].filter(([holder]) => !holder.startsWith(input.client)))),
      output: "done",
    };
  }
  const inside = (at: number): boolean => at >= input.start && at < input.end;
  const change = (to: (byte: Map<string, boolean>) => void): readonly Byte[] =>
    bytes.map((byte, at) => {
      const copy = new Map(byte);
      if (inside(at)) to(copy);
      return copy;
    });
  if (input.kind === "unlock")
    return { bytes: change((byte) => void byte.delete(input.owner)), output: "done" };
  const refused = bytes.some(
    (byte, at) =>
      inside(at) && [...byte].some(([holder, alone]) => holder !== input.owner && (alone || input.alone)),
  );
  if (refused) return { bytes, output: "refused" };
  return { bytes: change((byte) => void byte.set(input.owner, input.alone)), output: "granted" };
}

test("locks of ranges are locks of every byte in them", () => {
  let refused = 0;
  fc.assert(
    fc.property(fc.array(lockInput, { maxLength: 25 }), (inputs) => {
      let bytes: readonly Byte[] = Array.from({ length: BYTES }, () => new Map());
      let state = LOCKS.init();
      const states = new Map<string, string>();
      for (const input of inputs) {
        const next = step(bytes, input);
        if (next.output === "refused") refused += 1;
        for (const wrong of ["granted", "refused"] as const) {
          if (input.kind === "lock" && wrong !== next.output)
            expect(LOCKS.step(state, input, wrong)).toBeUndefined();
        }
        const after = LOCKS.step(state, input, next.output);
        expect(after).toBeDefined();
        state = after!;
        bytes = next.bytes;
        // Equal bytes, equal keys, and the other way around.
        const plain = JSON.stringify(bytes.map((byte) => [...byte].sort()));
        expect(states.get(plain) ?? LOCKS.key(state)).toBe(LOCKS.key(state));
        states.set(plain, LOCKS.key(state));
      }
      expect(new Set(states.values()).size).toBe(states.size);
    }),
    { numRuns: 500 },
  );
  expect(refused).toBeGreaterThan(100);
});
