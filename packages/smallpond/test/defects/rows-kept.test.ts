/** Reference 2.3, 2.5 and 5: inputs that do not match, frames without rows, unions. Invariant S3. */
import { expect, test } from "vitest";
import type { DataFrame } from "../../src/index.ts";
import { failureOf } from "../support/failure.ts";
import { column, hundredRows, multiset, openWorld, partitionsOf, type World } from "../support/world.ts";

const JOIN = "SELECT a.item FROM {0} a JOIN {1} b ON a.item = b.item";

test("hashed into 3 and 5, both sides meet: one is hashed again (2.5: 3 against 5 failed)", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world));
  const three = frame.repartition(3, { hashBy: "item" });
  const five = frame.repartition(5, { hashBy: "item" });
  expect(await world.sp.partialSql(JOIN, three, five).count()).toBe(100);
  expect(await world.sp.partialSql(JOIN, five, three).count()).toBe(100);
  expect(world.sp.partialSql(JOIN, five, three).partitions).toBe(5);
});

test("evenly divided against hashed is refused, with both ways to mend it (2.5: 21 of 100 rows lost)", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world));
  const even = frame.repartition(4, { byRows: true });
  const hashed = frame.repartition(4, { hashBy: "item" });
  for (const inputs of [
    [even, hashed],
    [hashed, even],
  ] as const) {
    const error = await failureOf(world.sp.partialSql(JOIN, ...inputs).takeAll());
    expect(error.code).toBe("PARTITIONING_MISMATCH");
    expect(error.message).toContain("even(rows, 4)");
    expect(error.message).toContain("hash(item::BIGINT; 4)");
    expect(error.message).toContain("rows-kept.test.ts");
    expect(error.hint).toMatch(/hashBy.*repartition\(1\)/);
  }
});

test.each([
  ["two even divisions of different frames", { byRows: true }, { byRows: true }],
  ["two random divisions", { random: true }, { random: true }],
  ["two range divisions", { rangeBy: "item" }, { rangeBy: "item DESC" }],
  ["a column against a hash", { by: "item % 4" }, { hashBy: "item" }],
  ["keys of types that do not compare alike", { hashBy: "item" }, { hashBy: "g" }],
  ["two keys against one", { hashBy: ["item", "g"] }, { hashBy: "item" }],
])("%s are refused, never joined part by part (2.5)", async (_, left, right) => {
  await using world = await openWorld();
  const path = await hundredRows(world);
  const one = world.sp.readParquet(path).repartition(4, left);
  const other = world.sp.readParquet(path).filter("item > 3").repartition(4, right);
  const error = await failureOf(world.sp.partialSql(JOIN, one, other).takeAll());
  expect(error.code).toBe("PARTITIONING_MISMATCH");
});

test("equal counts of any other kind than hash are not enough: 3 against 5 is refused too (3: test_logical)", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world));
  const error = await failureOf(
    world.sp
      .partialSql(JOIN, frame.repartition(3, { by: "item % 3" }), frame.repartition(5, { by: "item % 5" }))
      .takeAll(),
  );
  expect(error.message).toContain("3 partitions against 5");
});

test("frames divided by the value of a column meet value by value (2.5)", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world));
  const left = frame.repartition(5, { by: "item % 5" });
  const right = frame.withColumns({ p: "item % 5" }).repartition(5, { by: "p" });
  expect(await world.sp.partialSql(JOIN, left, right).count()).toBe(100);
});

test("a frame of one partition is seen whole by every partition (2.5: unpartitioned inputs broadcast)", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const frame = sp.readParquet(await hundredRows(world));
  const parts = frame.repartition(4, { byRows: true });
  expect(await sp.partialSql(JOIN, parts, frame).count()).toBe(100);
  expect(await sp.partialSql(JOIN, frame, parts).count()).toBe(100);
  expect(await sp.partialSql(JOIN, parts, frame.repartition(1)).count()).toBe(100);
  const whole = sp.partialSql(
    "SELECT (SELECT count(*) FROM {0}) AS a, (SELECT count(*) FROM {1}) AS b",
    frame,
    parts,
  );
  expect(await multiset(whole)).toEqual(Array(4).fill('{"a":100,"b":25}'));
  const limited = frame.sort("item").limit(10);
  expect(await sp.partialSql(JOIN, parts, limited).count()).toBe(10);
  const mapped = frame.map((row) => ({ item: row.item! }));
  expect(await sp.partialSql(JOIN, parts, mapped).count()).toBe(100);
});

test("what was made from one division row by row still meets it (2.5)", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const parts = sp.readParquet(await hundredRows(world)).repartition(4, { byRows: true });
  const low = parts.filter("item % 2 = 0").withColumns({ twice: "item * 2" });
  expect(await sp.partialSql(JOIN, parts, low).count()).toBe(50);
  const queried = sp.partialSql("SELECT item FROM {0} WHERE item < 30", parts);
  expect(await sp.partialSql(JOIN, queried, parts).count()).toBe(30);
});

test("a renamed or recomputed hash key is not believed to be the old one (2.5)", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const frame = sp.readParquet(await hundredRows(world));
  const hashed = frame.repartition(4, { hashBy: "item" });
  const right = frame.repartition(4, { hashBy: "item" });
  const renamed = hashed.rename({ item: "i" }).rename({ i: "item" });
  expect(await sp.partialSql(JOIN, renamed, right).count()).toBe(100);
  const moved = hashed.withColumns({ item: "item + 1" });
  expect((await failureOf(sp.partialSql(JOIN, moved, right).takeAll())).code).toBe("PARTITIONING_MISMATCH");
  const swapped = hashed.withColumns({ other: "99 - item" }).select({ item: "other", kept: "item" });
  const byKept = "SELECT b.item FROM {0} a JOIN {1} b ON a.kept = b.item";
  expect(await sp.partialSql(byKept, swapped, right).count()).toBe(100);
  const queried = sp.partialSql("SELECT item + 1 AS item FROM {0}", hashed);
  expect((await failureOf(sp.partialSql(JOIN, queried, right).takeAll())).code).toBe("PARTITIONING_MISMATCH");
});

test("a union has every input's rows once, also read by SQL (5: UnionNode gave the second input twice)", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const frame = sp.readParquet(await hundredRows(world));
  const low = frame.filter("item < 10").repartition(2, { hashBy: "item" });
  const high = frame.filter("item >= 95").repartition(3, { byRows: true });
  const all = low.union([high, low]);
  const expected = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  const items = async (one: DataFrame): Promise<number[]> =>
    (await column(one, "item")).sort((a, b) => a - b);
  expect(await items(all)).toEqual([...expected, ...expected, 95, 96, 97, 98, 99].sort((a, b) => a - b));
  expect(await sp.partialSql("SELECT * FROM {0}", all).count()).toBe(25);
  expect(await sp.sql("SELECT * FROM {0}", all.repartition(3, { hashBy: "item" })).count()).toBe(25);
});

test("a union matches columns by name, and says which is missing (5)", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const one = sp.fromItems([{ a: 1, b: "x" }]);
  const other = sp.fromItems([{ b: "y", a: 2 }]);
  expect(await multiset(one.union(other))).toEqual(['{"a":1,"b":"x"}', '{"a":2,"b":"y"}']);
  const error = await failureOf(one.union(sp.fromItems([{ a: 3 }])).takeAll());
  expect(error.code).toBe("UNION_COLUMNS");
  expect(error.message).toContain("column b");
  expect(await multiset(one.union(sp.fromItems([{ a: 3 }]), { fillMissing: true }))).toEqual([
    '{"a":1,"b":"x"}',
    '{"a":3,"b":null}',
  ]);
});

/** Frames without rows, made in every way there is. */
const EMPTY: Readonly<Record<string, (world: World) => Promise<DataFrame>>> = {
  "a Parquet file without rows": async (world) =>
    world.sp.readParquet(await world.write("e.parquet", "SELECT 1::BIGINT AS item, 'x' AS g WHERE false")),
  "a filter that nothing passes": async (world) =>
    world.sp.readParquet(await hundredRows(world)).filter("false"),
  "a function that nothing passes": async (world) =>
    world.sp.readParquet(await hundredRows(world)).filter(() => false),
  "limit 0": async (world) => world.sp.readParquet(await hundredRows(world)).limit(0),
  "no items with a schema": async (world) =>
    world.sp.fromItems([], { schema: { item: "BIGINT", g: "VARCHAR" } }),
  "a CSV file with a header only": async (world) =>
    world.sp.readCsv(await world.write("e.csv", "SELECT 1 AS item, 'x' AS g WHERE false"), {
      schema: { item: "BIGINT", g: "VARCHAR" },
    }),
};

test.each(Object.keys(EMPTY))(
  "%s goes through every verb and keeps its columns (2.3: failed)",
  async (how) => {
    await using world = await openWorld();
    const { sp } = world;
    const empty = await EMPTY[how]!(world);
    const columns = [
      { name: "item", type: "BIGINT" },
      { name: "g", type: "VARCHAR" },
    ];
    const other = sp.readParquet(await hundredRows(world));
    const same: DataFrame[] = [
      empty,
      empty.repartition(3),
      empty.repartition(3, { byRows: true }),
      empty.repartition(3, { hashBy: "item" }),
      empty.repartition(3, { by: "item" }),
      empty.repartition(3, { rangeBy: "item" }),
      empty.repartition(3, { random: true }).partialSort("item"),
      empty.repartition(3, { byRows: true }).randomShuffle(),
      empty.sort("item", { partitions: 2 }),
      empty.distinct(),
      empty.union(empty),
      empty.limit(5),
      empty.filter(() => true),
      empty.map((row) => row, { schema: { item: "BIGINT", g: "VARCHAR" } }),
      empty.flatMap((row) => [row]),
      empty.join(other.select("item"), { on: "item", partitions: 2 }),
      sp.sql("SELECT * FROM {0}", empty),
      sp.partialSql(
        "SELECT {0}.* FROM {0} JOIN {1} USING (item)",
        empty.repartition(2, { hashBy: "item" }),
        other,
      ),
    ];
    for (const frame of same) {
      expect(await frame.takeAll(), await frame.explain()).toEqual([]);
      expect(await sp.partialSql("SELECT * FROM {0}", frame).takeAll()).toEqual([]);
      expect(await frame.schema(), await frame.explain()).toEqual(columns);
    }
    expect(await empty.count()).toBe(0);
    expect(await empty.agg({ n: "count(*)" }).takeAll()).toEqual([{ n: 0 }]);
    expect(await empty.join(other, { on: "item", how: "right" }).count()).toBe(100);
  },
);

test.each(Object.keys(EMPTY))(
  "%s is written as files without rows that can be read again (2.3)",
  async (how) => {
    await using world = await openWorld();
    const empty = await EMPTY[how]!(world);
    for (const [i, frame] of [
      empty,
      empty.repartition(3, { byRows: true }),
      empty.repartition(3, { hashBy: "item" }),
    ].entries()) {
      const written = await frame.writeParquet(world.at(`out-${i}`));
      expect(written.rows).toBe(0);
      const back = world.sp.readParquet(world.at(`out-${i}`));
      expect(await back.takeAll()).toEqual([]);
      expect((await back.schema()).map((one) => one.name)).toEqual(["item", "g"]);
    }
  },
);

test("partitions that are all empty keep their columns for the query above (2.3: consumers asserted)", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const parts = sp.readParquet(await hundredRows(world)).repartition(4, { hashBy: "item" });
  const none = sp.partialSql("SELECT * FROM {0} WHERE item < 0", parts);
  await none.compute();
  expect(await column(sp.partialSql("SELECT count(*) AS n, max(g) AS g FROM {0}", none), "n")).toEqual([
    0, 0, 0, 0,
  ]);
});

test("one row in many partitions survives, twice divided (3: 1-row input)", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const one = sp.fromItems([{ item: 5 }]).repartition(3, { hashBy: "item" });
  const again = sp.partialSql("SELECT * FROM {0}", one).repartition(4, { hashBy: "item" });
  expect((await partitionsOf(sp, again)).flat()).toEqual([5]);
  expect(await again.count()).toBe(1);
});

test("a thousand partitions of a thousand rows hold one row each (3: test_partition)", async () => {
  await using world = await openWorld();
  const path = await world.write("k.parquet", "SELECT range AS item FROM range(300)");
  const parts = await partitionsOf(world.sp, world.sp.readParquet(path).repartition(300, { byRows: true }));
  expect(parts.every((part) => part.length === 1)).toBe(true);
});
