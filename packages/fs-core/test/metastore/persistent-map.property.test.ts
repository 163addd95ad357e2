import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { PersistentMap } from "../../src/metastore/persistent-map.ts";

const key = fc.integer({ min: 0, max: 400 }).map((value) => `k${value}`);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("set" as const), key, value: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("remove" as const), key, value: fc.constant(0) }) },
);

function scanOf(map: Map<string, number>, begin: string, end: string, reverse: boolean): [string, number][] {
  const found = [...map].filter(([each]) => each >= begin && each < end).sort(([a], [b]) => (a < b ? -1 : 1));
  return reverse ? found.reverse() : found;
}

test.prop(
  [
    fc.array(step, { maxLength: 1500, size: "max" }),
    key,
    key,
    fc.integer({ min: 1, max: 50 }),
    fc.boolean(),
    fc.nat({ max: 1500 }),
  ],
  { numRuns: 60 },
)("every version of the map stays what it was", (steps, begin, end, limit, reverse, keptAt) => {
  let map = new PersistentMap<number>();
  const model = new Map<string, number>();
  let kept: readonly [PersistentMap<number>, Map<string, number>] = [map, new Map()];
  for (const [at, { kind, key: changed, value }] of steps.entries()) {
    map = kind === "set" ? map.with(changed, value) : map.without(changed);
    if (kind === "set") model.set(changed, value);
    else model.delete(changed);
    if (at === keptAt) kept = [map, new Map(model)];
  }
  for (const [version, expected] of [[map, model] as const, kept]) {
    const all = { begin: "", end: "z", limit: 10_000, reverse };
    expect(version.scan(all)).toEqual(scanOf(expected, "", "z", reverse));
    const part = version.scan({ begin, end, limit, reverse });
    expect(part).toEqual(scanOf(expected, begin, end, reverse).slice(0, limit));
    for (let each = 0; each <= 400; each += 7) {
      expect(version.get(`k${each}`)).toBe(expected.get(`k${each}`));
    }
  }
});
