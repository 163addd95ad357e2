/** One test per rule: what it does, and where it keeps its hands off. */
import { expect, test } from "vitest";
import { tree } from "../../src/dataframe/graph.ts";
import { parquetSpec } from "../../src/dataframe/write-options.ts";
import { aggregate } from "../../src/logical/aggregate.ts";
import { distinct } from "../../src/logical/distinct.ts";
import { filter } from "../../src/logical/filter.ts";
import { functionNode } from "../../src/logical/function.ts";
import { type JoinOn, join } from "../../src/logical/join.ts";
import { limit } from "../../src/logical/limit.ts";
import type { LogicalNode, NodeMeta } from "../../src/logical/node.ts";
import { NO_ORIGIN } from "../../src/logical/origin.ts";
import { parquetScan } from "../../src/logical/parquet-scan.ts";
import { partialSort } from "../../src/logical/partial-sort.ts";
import { partialSql } from "../../src/logical/partial-sql.ts";
import type { PartitionSpec } from "../../src/logical/partition-spec.ts";
import { randomShuffle } from "../../src/logical/random-shuffle.ts";
import { repartition } from "../../src/logical/repartition.ts";
import { sort } from "../../src/logical/sort.ts";
import { sql } from "../../src/logical/sql.ts";
import { union } from "../../src/logical/union.ts";
import { write } from "../../src/logical/write.ts";
import { optimize } from "../../src/optimizer/optimize.ts";

let ids = 0;
const meta = (): NodeMeta => ({ id: ids++, origin: NO_ORIGIN });
const scan = (): LogicalNode => parquetScan(meta(), ["a"]);
const hash = (input: LogicalNode, keys = ["k"], count = 4): LogicalNode =>
  repartition(meta(), input, { kind: "hash", keys, count });
const query = (input: LogicalNode): LogicalNode =>
  partialSql(meta(), "SELECT 1 FROM {0}", [{ name: "0", node: input }]);
const map = (input: LogicalNode, form: "map" | "filter" = "map"): LogicalNode =>
  functionNode(meta(), input, { form, functionId: "f", functionName: "f" });
const joined = (left: LogicalNode, right: LogicalNode, on: JoinOn, partitions: number | null): LogicalNode =>
  join(meta(), { left, right }, { how: "inner", on, suffix: "_r", partitions });

/** The optimized plan, from the top down, one word or two per step. */
function optimized(
  root: LogicalNode,
  { observe = "rows" as "rows" | "order" | "partitions", stored = [] as readonly LogicalNode[] } = {},
): string[] {
  const result = optimize(root, {
    isStored: (node) => stored.some((one) => one.id === node.id),
    observe,
    derive: (of) => ({ id: ids++, origin: of.origin }),
  });
  return tree(result, () => "")
    .split("\n")
    .map((line) =>
      line
        .trim()
        .replace(/^(\w+)\((\w*).*$/, (_, verb: string, first: string) =>
          verb === "repartition" ? `${verb} ${first}` : verb,
        ),
    );
}

test("drop-unobserved-partitions: a repartition that only whole-frame verbs see goes away", () => {
  const wholes: readonly ((input: LogicalNode) => LogicalNode)[] = [
    (input) => aggregate(meta(), input, [], { n: "count(*)" }),
    (input) => distinct(meta(), input, null),
    (input) => limit(meta(), input, 3),
    (input) => sort(meta(), input, ["a"], null),
    (input) => union(meta(), [input, scan()], false),
    (input) => sql(meta(), "SELECT 1", [{ name: "0", node: input }]),
    (input) => joined(input, scan(), { kind: "none" }, null),
    (input) => write(meta(), input, { ...parquetSpec("one.parquet", {}), read: false }),
  ];
  for (const whole of wholes) {
    expect(optimized(whole(filter(meta(), hash(scan()), "true")))).not.toContain("repartition hash");
  }
  expect(optimized(filter(meta(), hash(scan()), "true"))).toEqual(["filter", "readParquet"]);
  expect(
    optimized(hash(repartition(meta(), scan(), { kind: "random", count: 3, seed: null })), {
      observe: "partitions",
    }),
  ).toEqual(["repartition hash", "readParquet"]);
});

test("drop-unobserved-partitions: what somebody sees stays", () => {
  expect(optimized(query(hash(scan())))).toContain("repartition hash");
  expect(optimized(map(hash(scan())))).toContain("repartition hash");
  expect(optimized(write(meta(), hash(scan()), { ...parquetSpec("dir", {}), read: false }))).toContain(
    "repartition hash",
  );
  expect(optimized(hash(scan()), { observe: "partitions" })).toContain("repartition hash");
  const kept = hash(scan());
  expect(optimized(filter(meta(), kept, "true"), { stored: [kept] })).toContain("repartition hash");
});

test("drop-unobserved-order: a partial sort goes where the next step keeps no order", () => {
  const sorted = (): LogicalNode => partialSort(meta(), scan(), ["a"]);
  expect(optimized(hash(sorted()), { observe: "partitions" })).toEqual(["repartition hash", "readParquet"]);
  expect(optimized(distinct(meta(), sorted(), null))).toEqual(["distinct", "readParquet"]);
  expect(optimized(joined(sorted(), scan(), { kind: "none" }, null))).toEqual([
    "join",
    "readParquet",
    "readParquet",
  ]);
  expect(optimized(filter(meta(), sorted(), "true"))).toEqual(["filter", "readParquet"]);
});

test("drop-unobserved-order: an order that is seen stays", () => {
  const sorted = (): LogicalNode => partialSort(meta(), scan(), ["a"]);
  expect(optimized(sorted(), { observe: "order" })).toEqual(["partialSort", "readParquet"]);
  expect(optimized(distinct(meta(), sorted(), ["b"]))).toContain("partialSort");
  expect(optimized(limit(meta(), sorted(), 3))).toContain("partialSort");
  expect(optimized(aggregate(meta(), sorted(), [], { l: "list(a)" }))).toContain("partialSort");
  const even: PartitionSpec = { kind: "even", by: "rows", count: 2 };
  expect(optimized(repartition(meta(), sorted(), even), { observe: "partitions" })).toContain("partialSort");
});

test("lower-random-shuffle: rows are dealt at random into as many parts, then put in random order", () => {
  expect(optimized(query(randomShuffle(meta(), hash(scan()), null)))).toEqual([
    "partialSql",
    "partialSort",
    "repartition random",
    "readParquet",
  ]);
  expect(optimized(randomShuffle(meta(), scan(), 5), { observe: "order" })).toEqual([
    "partialSort",
    "readParquet",
  ]);
});

test("lower-partitioned-sort: sampled ranges, each sorted by itself", () => {
  expect(optimized(sort(meta(), scan(), ["a"], 3), { observe: "order" })).toEqual([
    "partialSort",
    "repartition range",
    "readParquet",
  ]);
  expect(optimized(sort(meta(), scan(), ["a"], 1), { observe: "order" })).toEqual(["sort", "readParquet"]);
});

test("lower-partitioned-join: both sides are hashed by the join's keys", () => {
  const on: JoinOn = { kind: "columns", columns: ["k"] };
  const both = ["join", "repartition hash", "readParquet", "repartition hash", "readParquet"];
  expect(optimized(joined(scan(), scan(), on, 4), { observe: "partitions" })).toEqual(both);
  const otherwise = joined(hash(scan(), ["other"]), hash(scan(), ["other"]), on, 4);
  expect(optimized(otherwise, { observe: "partitions" })).toEqual(both);
  const already = joined(hash(scan(), ['"k"']), hash(scan(), ['"k"']), on, 4);
  expect(optimized(already, { observe: "partitions" })).toEqual(both);
  expect(() => optimized(joined(scan(), scan(), { kind: "condition", condition: "true" }, 4))).toThrow(
    /equal keys/,
  );
});

test("limit-below-map: the function runs for the rows of the limit only", () => {
  expect(optimized(limit(meta(), map(scan()), 3))).toEqual(["map", "limit", "readParquet"]);
  expect(optimized(limit(meta(), map(scan(), "filter"), 3))).toEqual(["limit", "filter", "readParquet"]);
  const mapped = map(scan());
  expect(optimized(limit(meta(), mapped, 3), { stored: [mapped] })).toEqual(["limit", "map", "readParquet"]);
});

test("a plan with nothing to do comes back as it is, shared steps stay shared", () => {
  const shared = filter(meta(), scan(), "true");
  const root = union(meta(), [shared, shared], false);
  const context = { isStored: () => false, observe: "rows" as const, derive: meta };
  expect(optimize(root, context)).toBe(root);
  const dropped = optimize(union(meta(), [hash(shared), hash(shared)], false), context);
  expect(dropped.inputs[0]).toBe(dropped.inputs[1]);
});
