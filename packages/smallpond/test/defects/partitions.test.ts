/** Reference 2.1, 2.2, 2.4 and 5: how rows are assigned to partitions, and which names that may not touch. */
import { expect, test } from "vitest";
import { failureOf } from "../support/failure.ts";
import { column, hundredRows, multiset, openWorld, partitionsOf } from "../support/world.ts";

const sizes = (parts: readonly (readonly unknown[])[]): number[] => parts.map((part) => part.length);

test("even by files gives contiguous runs of sorted paths, the first len % n one longer (2.1)", async () => {
  await using world = await openWorld();
  for (let i = 0; i < 7; i++) await world.write(`f/${i}.parquet`, `SELECT ${i} AS item`);
  const frame = world.sp.readParquet(world.at("f"));
  expect(await partitionsOf(world.sp, frame.repartition(3, { byFiles: true }))).toEqual([
    [0, 1, 2],
    [3, 4],
    [5, 6],
  ]);
});

test("even by rows takes ⌈remaining rows / remaining parts⌉, cutting files anywhere (2.1)", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world)).repartition(7, { byRows: true });
  const parts = await partitionsOf(world.sp, frame);
  expect(sizes(parts)).toEqual([15, 15, 14, 14, 14, 14, 14]);
  expect(parts.flat()).toEqual(Array.from({ length: 100 }, (_, i) => i));
});

test("more partitions than files gives empty ones by files, and none by default (5)", async () => {
  await using world = await openWorld();
  for (const extension of ["parquet", "csv", "json"]) {
    const path = await hundredRows(world, extension);
    const read = { parquet: "readParquet", csv: "readCsv", json: "readJson" } as const;
    const frame = world.sp[read[extension as "csv"]](path);
    expect(sizes(await partitionsOf(world.sp, frame.repartition(5, { byFiles: true })))).toEqual([
      50, 50, 0, 0, 0,
    ]);
    expect(sizes(await partitionsOf(world.sp, frame.repartition(5)))).toEqual([20, 20, 20, 20, 20]);
  }
});

test.each(["csv", "json", "items"])(
  "%s can be divided by rows and by hash (5: CSV could not)",
  async (kind) => {
    await using world = await openWorld();
    const items = Array.from({ length: 100 }, (_, item) => ({ item, g: `g${item % 7}` }));
    const frame =
      kind === "items"
        ? world.sp.fromItems(items)
        : kind === "csv"
          ? world.sp.readCsv(await hundredRows(world, "csv"))
          : world.sp.readJson(await hundredRows(world, "json"));
    const byRows = await partitionsOf(world.sp, frame.repartition(3, { byRows: true }));
    expect(byRows).toEqual(
      [items.slice(0, 34), items.slice(34, 67), items.slice(67)].map((part) => part.map((one) => one.item)),
    );
    const byHash = await partitionsOf(world.sp, frame.repartition(3, { hashBy: "g" }));
    expect(byHash.flat().sort((a, b) => a - b)).toEqual(items.map((one) => one.item));
    for (const part of byHash) {
      const groups = new Set(part.map((item) => item % 7));
      expect(part.length).toBe(items.filter((one) => groups.has(one.item % 7)).length);
    }
  },
);

test("equal keys share a partition whatever their integer width, and NULL is a key that keeps its rows (2.2)", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const narrow = sp.sql("SELECT * FROM (VALUES (1::TINYINT, 1), (-1, 2), (NULL, 3), (NULL, 4)) t(k, v)");
  const wide = sp.sql("SELECT * FROM (VALUES (-1::BIGINT, 10), (1, 20), (NULL, 30)) t(k, w)");
  const parts = [narrow, wide].map((frame) => frame.repartition(8, { hashBy: "k" })) as [
    typeof narrow,
    typeof wide,
  ];
  const joined = sp.partialSql("SELECT v, w FROM {0} a JOIN {1} b ON a.k IS NOT DISTINCT FROM b.k", ...parts);
  expect(await multiset(joined)).toEqual([
    '{"v":1,"w":20}',
    '{"v":2,"w":10}',
    '{"v":3,"w":30}',
    '{"v":4,"w":30}',
  ]);
});

test("hash keys that look the same joined with ## stay different (2.2: concat_ws stringified)", async () => {
  await using world = await openWorld();
  const frame = world.sp.sql(
    "SELECT * FROM (VALUES ('a##b', 'c'), ('a', 'b##c'), (NULL, 'x'), ('x', NULL)) t(a, b)",
  );
  const hashed = frame.repartition(64, { hashBy: ["a", "b"] });
  const counts = await column(world.sp.partialSql("SELECT count(*) AS n FROM {0}", hashed), "n");
  expect(counts.filter((n) => n > 0).length).toBe(4);
});

test("hash partitions are the same under any number of threads and executors (2.2)", async () => {
  await using world = await openWorld();
  const path = await world.write("many.parquet", "SELECT range AS item, range % 101 AS k FROM range(20000)");
  const assignments: number[][][] = [];
  for (const options of [{ threads: 1 }, { threads: 2 }, { threads: 4, numExecutors: 2 }]) {
    await using sp = await world.open(options);
    assignments.push(await partitionsOf(sp, sp.readParquet(path).repartition(5, { hashBy: "k" })));
  }
  expect(assignments[1]).toEqual(assignments[0]);
  expect(assignments[2]).toEqual(assignments[0]);
});

test('the value of a column or expression is the partition: by: "item % 10" (2.2)', async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world));
  const parts = await partitionsOf(world.sp, frame.repartition(10, { by: "item % 10" }));
  for (const [i, part] of parts.entries())
    expect(part).toEqual(Array.from({ length: 10 }, (_, k) => k * 10 + i));
  const byColumn = frame.withColumns({ p: "item // 50" }).repartition(2, { by: "p" });
  expect(sizes(await partitionsOf(world.sp, byColumn))).toEqual([50, 50]);
});

test.each([
  ["out of range", "least(item, 1) - 1", "-1"],
  ["out of range", "item", "99"],
  ["NULL", "CASE WHEN item = 7 THEN NULL ELSE 0 END", "NULL"],
])("a partition key that is %s stops the job and is named: by %s (2.2)", async (_, by, named) => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world)).filter("item IN (0, 7, 99)");
  const error = await failureOf(frame.repartition(10, { by }).compute());
  expect(error.message).toContain(`repartition key ${named} is out of range`);
  expect(error.message).toContain("0 to 9");
  expect(error.message).toContain("step: repartition(");
  expect(error.message).toContain("partitions.test.ts");
});

test("a partition key that is no integer is refused, and by excludes hashBy (1.1, 2.2)", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world));
  const error = await failureOf(frame.repartition(10, { by: "g" }).compute());
  expect(error.code).toBe("PARTITION_KEY");
  expect(error.hint).toContain("hashBy");
  expect((await failureOf(() => frame.repartition(10, { by: "g", hashBy: "g" }))).code).toBe("BAD_ARGUMENT");
});

test("the partition column never shows in a result (2.2: it stayed visible)", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const frame = sp.readParquet(await hundredRows(world));
  for (const options of [
    { hashBy: "item" },
    { by: "item % 3" },
    { random: true },
    { rangeBy: "item" },
    { byRows: true },
  ]) {
    const divided = frame.repartition(3, options);
    await divided.compute();
    expect(Object.keys((await divided.take(1))[0]!)).toEqual(["item", "g"]);
    expect(await sp.partialSql("SELECT * FROM {0}", divided).schema()).toEqual([
      { name: "item", type: "BIGINT" },
      { name: "g", type: "VARCHAR" },
    ]);
    const name = `out-${Object.keys(options)[0]}`;
    await divided.writeParquet(world.at(name));
    const described = await world.plain.rows(`DESCRIBE SELECT * FROM '${world.at(name)}/*.parquet'`);
    expect(described.map((row) => row.column_name)).toEqual(["item", "g"]);
  }
});

const RESERVED = [
  "__data_partition__",
  "__pond_partition",
  "__pond_key_0",
  "file_row_number",
  "filename",
  "file_index",
  "rowid",
  "@toplevel@",
  "partition",
];

test.each(RESERVED)(
  "a column called %s goes through every repartition as it is (2.1, 2.2, 2.6)",
  async (name) => {
    await using world = await openWorld();
    const { sp } = world;
    for (let i = 0; i < 2; i++) {
      await world.write(
        `r/${i}.parquet`,
        `SELECT ${i * 10} + range AS item, 1000 - range AS "${name}" FROM range(10)`,
      );
    }
    const frame = sp.readParquet(world.at("r"));
    const expected = await multiset(frame);
    expect(expected.length).toBe(20);
    const key = `"${name}"`;
    const divided = [
      frame.repartition(3, { byRows: true }),
      frame.repartition(2, { byFiles: true }),
      frame.repartition(3, { hashBy: key }),
      frame.repartition(3, { by: `${key} % 3` }),
      frame.repartition(3, { rangeBy: key }),
      frame.repartition(3, { random: true }),
      frame.filter("true").repartition(3, { byRows: true }),
      frame.repartition(3, { hashBy: "item" }).partialSort(key),
      frame
        .join(frame.select("item"), { on: { left: "item", right: "item" }, partitions: 2 })
        .drop("item_right"),
    ];
    for (const one of divided)
      expect(await multiset(sp.partialSql("SELECT * FROM {0}", one))).toEqual(expected);
  },
);

test("whole files that come as one partition keep the order of their paths (2.1: largest first)", async () => {
  await using world = await openWorld();
  await world.write("o/a.parquet", "SELECT 1 AS item");
  await world.write("o/b.parquet", "SELECT 2 + range AS item FROM range(3000)");
  const items = await column(world.sp.readParquet(world.at("o")), "item");
  expect(items).toEqual(Array.from({ length: 3001 }, (_, i) => i + 1));
});

test("local mode deals rows with a task per input partition, not one (2.4: always one producer)", async () => {
  await using world = await openWorld({ numExecutors: 0 });
  const { sp } = world;
  const divided = sp.readParquet(await hundredRows(world)).repartition(3, { byRows: true });
  const parts = sp.partialSql("SELECT item FROM {0}", divided);
  await parts.repartition(2, { hashBy: "item" }).compute();
  const deal = sp
    .report()
    .actions.at(-1)!
    .stages.find((stage) => stage.name.startsWith("repartition(hash"));
  expect(deal?.tasks).toBe(3);
});

test("partialSort orders every partition, with several threads (2.6: per-thread files were not ordered)", async () => {
  await using world = await openWorld({ threads: 4 });
  const path = await world.write(
    "big.parquet",
    "SELECT range AS item, (range * 7919) % 400009 AS v FROM range(400000)",
  );
  const sorted = world.sp.readParquet(path).repartition(3, { hashBy: "item" }).partialSort("v DESC");
  await sorted.writeParquet(world.at("sorted"));
  const files = await world.list("sorted");
  expect(files.length).toBe(3);
  for (const file of files) {
    const [row] = await world.plain.rows(
      `SELECT count(*) FILTER (v > before) AS bad FROM (
         SELECT v, lag(v) OVER (ORDER BY file_row_number) AS before
         FROM read_parquet('${world.at("sorted")}/${file}', file_row_number = true))`,
    );
    expect(Number(row?.bad)).toBe(0);
  }
});

test("a sort in ranges, read in order, is sorted as a whole (RangePartition was not implemented)", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world)).withColumns({ v: "(item * 37) % 101" });
  const sorted = frame.sort("v DESC", { partitions: 4 });
  const values = await column(sorted, "v");
  expect(values).toEqual(values.toSorted((a, b) => b - a));
  expect(values.length).toBe(100);
});

test("randomShuffle works after a function, after a limit, and on one partition (5: it raised; 2.4: count wrong)", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world)).repartition(4, { byRows: true });
  const mapped = frame.map((row) => ({ item: row.item! })).randomShuffle();
  expect(mapped.partitions).toBe(4);
  expect((await column(mapped, "item")).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 100 }, (_, i) => i),
  );
  const limited = frame.limit(10).randomShuffle();
  expect(limited.partitions).toBe(1);
  expect(await limited.count()).toBe(10);
});

test("randomShuffle mixes rows: inversions lie near the middle (3: 220k–280k of 1000 rows)", async () => {
  await using world = await openWorld();
  const path = await world.write("k.parquet", "SELECT range AS item FROM range(1000)");
  const items = await column(
    world.sp.readParquet(path).repartition(10, { byRows: true }).randomShuffle(),
    "item",
  );
  let inversions = 0;
  for (let i = 0; i < items.length; i++)
    for (let j = i + 1; j < items.length; j++) if (items[i]! > items[j]!) inversions++;
  expect(items.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  expect(inversions).toBeGreaterThan(220_000);
  expect(inversions).toBeLessThan(280_000);
});
