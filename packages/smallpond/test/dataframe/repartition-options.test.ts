import { expect, test } from "vitest";
import { repartitionSpec } from "../../src/dataframe/repartition-options.ts";

test.each([
  [{}, { kind: "even", by: "auto", count: 3 }],
  [{ byRows: true }, { kind: "even", by: "rows", count: 3 }],
  [{ byFiles: true }, { kind: "even", by: "files", count: 3 }],
  [
    { byRows: false, byFiles: true },
    { kind: "even", by: "files", count: 3 },
  ],
  [{ hashBy: "a" }, { kind: "hash", keys: ["a"], count: 3 }],
  [{ hashBy: ["a", "b + 1"] }, { kind: "hash", keys: ["a", "b + 1"], count: 3 }],
  [{ by: "item % 3" }, { kind: "column", expression: "item % 3", count: 3 }],
  [{ rangeBy: "a DESC" }, { kind: "range", keys: ["a DESC"], count: 3 }],
  [{ random: true }, { kind: "random", count: 3, seed: null }],
  [
    { random: true, seed: 7 },
    { kind: "random", count: 3, seed: 7 },
  ],
])("repartition(3, %j) asks for %j", (options, spec) => {
  expect(repartitionSpec(3, options)).toEqual(spec);
});

test.each([
  [0, {}, "from 1 to 65536"],
  [-1, {}, "from 1 to 65536"],
  [1.5, {}, "from 1 to 65536"],
  [Number.NaN, {}, "from 1 to 65536"],
  [65_537, {}, "from 1 to 65536"],
  [3, { hashBy: "a", by: "b" }, "hashBy and by exclude each other"],
  [3, { byRows: true, byFiles: true }, "byRows and byFiles exclude each other"],
  [3, { hashBy: [] }, "hashBy needs at least one expression"],
  [3, { seed: 1 }, "seed goes with random"],
  [3, { hashBy: "a", seed: 1 }, "seed goes with random"],
])("repartition(%j, %j) is refused: %s", (count, options, message) => {
  expect(() => repartitionSpec(count, options)).toThrow(message);
});
