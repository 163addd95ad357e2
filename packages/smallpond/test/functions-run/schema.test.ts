/** The columns of functions: sampled, given, and what becomes of rows that are not like them. */
import { Int64, makeData, makeVector, RecordBatch, Schema, Struct, Table } from "apache-arrow";
import { expect, test } from "vitest";
import type { Row } from "../../src/index.ts";
import { failureOf } from "../support/failure.ts";
import { hundredRows, openWorld, type World } from "../support/world.ts";

const PLACES = [0, 1];
const MILLION = 1_000_000;

async function millionRows(world: World): Promise<string> {
  await world.write("big/a.parquet", "SELECT range AS n FROM range(300000)");
  await world.write("big/b.parquet", "SELECT 300000 + range AS n FROM range(900000)");
  return world.at("big/*.parquet");
}

test.each(PLACES)(
  "a value of another type in row 1,000,000 is told with file and row, with %i executors",
  async (numExecutors) => {
    await using world = await openWorld({ numExecutors });
    const frame = world.sp.readParquet(await millionRows(world));
    const odd = (row: Row): Row => ({ n: row.n === 1_000_000 ? "abc" : row.n! });
    const error = await failureOf(frame.map(odd).count());
    expect(error.code).toBe("FUNCTION_RESULT");
    expect(error.message).toContain('odd() returned "abc" in "n" for row 700000 of ');
    expect(error.message).toContain("b.parquet");
    expect(error.message).toContain("does not fit BIGINT");
    expect(error.hint).toContain("schema");
    expect(error.details).toMatchObject({ row: MILLION, fileRow: 700_000, column: "n", value: '"abc"' });
    expect(error.details).toMatchObject({ step: "map(odd)" });
  },
);

test("a fraction, a new field and a missing field are told too, through filters, selects and partitions", async () => {
  await using world = await openWorld();
  const frame = world.sp
    .readParquet(await millionRows(world))
    .filter("n % 2 = 0")
    .map("n, n + 1 AS m");
  const parts = frame.repartition(2, { byFiles: true });
  const half = (row: Row): Row => ({ n: row.n === 500_000 ? 1.5 : row.n! });
  const error = await failureOf(parts.map(half).count());
  expect(error.message).toContain("half() returned 1.5");
  expect(error.message).toContain("row 200000 of ");
  expect(error.details).toMatchObject({ partition: 1, fileRow: 200_000, row: 100_000 });
  const more = (row: Row): Row => (row.n === 400_002 ? { n: 1, x: 2 } : { n: 1 });
  expect((await failureOf(parts.map(more).count())).message).toContain('a field "x" for row 100002 of ');
  const less = (row: Row): Row => (row.n === 400_002 ? { n: 1 } : { n: 1, x: 2 });
  expect((await failureOf(parts.map(less).count())).message).toContain('no field "x" for row 100002 of ');
});

test("rows of CSV and of frames that were computed are told by partition and row", async () => {
  await using world = await openWorld();
  const odd = (row: Row): Row => ({ y: row.item === 99 ? "x" : 1 });
  const computed = world.sp
    .readParquet(await hundredRows(world))
    .sort("item")
    .repartition(2, { byRows: true });
  const given = { schema: { y: "BIGINT" } };
  expect((await failureOf(computed.map(odd, given).count())).message).toContain(
    "for row 49 of partition 1 of 2",
  );
  const csv = world.sp.readCsv(await hundredRows(world, "csv"));
  expect((await failureOf(csv.map(odd, given).count())).message).toContain("for row 99 of its input");
});

test("the first rows decide about missing fields and NULL, and later rows may have them", async () => {
  await using world = await openWorld();
  const frame = world.sp.sql("SELECT range AS n FROM range(5000)");
  const some = frame.map((row: Row) => ((row.n as number) % 2 === 0 ? { a: 1 } : { a: null, b: "x" }));
  expect(await some.schema()).toEqual([
    { name: "a", type: "BIGINT" },
    { name: "b", type: "VARCHAR" },
  ]);
  expect(await some.filter("b IS NULL").count()).toBe(2500);
  const late = frame.map((row: Row) => ({ a: (row.n as number) < 3000 ? null : 1.5 }));
  expect(await late.schema()).toEqual([{ name: "a", type: "DOUBLE" }]);
});

test("schema() and explain() call a function for a sample, not for all rows", async () => {
  await using world = await openWorld();
  let calls = 0;
  const frame = world.sp.sql("SELECT range AS n FROM range(100000)").map(
    (row: Row) => {
      calls++;
      return { n: row.n! };
    },
    { inProcess: true },
  );
  expect(await frame.schema()).toEqual([{ name: "n", type: "BIGINT" }]);
  expect(calls).toBe(1000);
  await frame.filter("n > 5").explain();
  expect(calls).toBe(1000);
  expect(await frame.count()).toBe(100_000);
  expect(calls).toBe(101_000);
});

test("an async function is sampled with few calls", async () => {
  await using world = await openWorld();
  let calls = 0;
  const frame = world.sp.sql("SELECT range AS n FROM range(100000)").map(
    async (row: Row) => {
      calls++;
      return { n: row.n! };
    },
    { inProcess: true, concurrency: 4 },
  );
  await frame.schema();
  expect(calls).toBeGreaterThanOrEqual(10);
  expect(calls).toBeLessThanOrEqual(20);
});

test("a function that returns rows late, or never, still has columns", async () => {
  await using world = await openWorld();
  const frame = world.sp.sql("SELECT range AS n FROM range(100000)");
  const late = frame.flatMap((row: Row) => (row.n === 90_000 ? [{ found: "x" }] : []));
  expect(await late.schema()).toEqual([{ name: "found", type: "VARCHAR" }]);
  expect(await late.takeAll()).toEqual([{ found: "x" }]);
  const never = frame.flatMap(() => []);
  expect(await never.schema()).toEqual([{ name: "n", type: "BIGINT" }]);
  expect(await never.count()).toBe(0);
});

test("what is expensive below a function is computed once, for its sample and for its rows", async () => {
  await using world = await openWorld();
  let calls = 0;
  const below = world.sp.readParquet(await hundredRows(world)).flatMap(
    (row: Row) => {
      calls++;
      return [row];
    },
    { inProcess: true },
  );
  const above = below.repartition(2, { hashBy: "item" }).map((row: Row) => ({ item: row.item! }));
  expect(await above.schema()).toEqual([{ name: "item", type: "BIGINT" }]);
  // 100 for the sample of the function below, 100 for its one run.
  expect(calls).toBe(200);
  expect(await above.count()).toBe(100);
  expect(calls).toBe(200);
});

test("a batch with other columns is told with the rows it was made for", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world)).select("item");
  let batch = 0;
  const changing = (table: Table): Table =>
    batch++ < 3 ? table : new Table({ other: table.getChildAt(0)! });
  const error = await failureOf(frame.mapBatches(changing, { batchSize: 10, inProcess: true }).count());
  expect(error.code).toBe("FUNCTION_RESULT");
  expect(error.message).toContain("(other Int64) instead of (item BIGINT)");
  expect(error.message).toContain("the batch of 10 rows that begins at row 30 of ");
  const throwing = frame.mapBatches((): Table => {
    throw new Error("no batches today");
  });
  expect((await failureOf(throwing.count())).message).toContain(
    "threw at the batch of 100 rows that begins at row 0 of ",
  );
  const wrong = frame.mapBatches(() => 7 as never);
  expect((await failureOf(wrong.count())).message).toContain("7, not an Arrow table");
});

test("a function that uses one buffer for all batches does not change what it returned before", async () => {
  await using world = await openWorld();
  const frame = world.sp.sql("SELECT range::DOUBLE AS x FROM range(50000)");
  const scratch = new Float64Array(1000);
  const doubled = frame.mapBatches(
    (table: Table) => {
      const values = table.getChildAt(0)!.data[0]!.values as Float64Array;
      for (let i = 0; i < values.length; i++) scratch[i] = values[i]! * 2;
      return new Table({ x: makeVector(scratch.subarray(0, values.length)) });
    },
    { batchSize: 1000, inProcess: true },
  );
  expect(await doubled.agg({ s: "sum(x)" }).takeAll()).toEqual([{ s: 2499950000 }]);
});

test("batches may come back with more rows, fewer, none, and in several record batches", async () => {
  await using world = await openWorld();
  const frame = world.sp.sql("SELECT range AS n FROM range(10)");
  const batch = (values: bigint[]): RecordBatch => {
    const child = makeData({ type: new Int64(), data: BigInt64Array.from(values) });
    const schema = new Schema([...new Table({ n: makeVector(new BigInt64Array(1)) }).schema.fields]);
    const type = new Struct(schema.fields);
    return new RecordBatch(schema, makeData({ type, length: values.length, children: [child] }));
  };
  const odd = frame.mapBatches(
    (table: Table) =>
      table.numRows === 4 ? new Table([batch([1n, 2n]), batch([]), batch([3n])]) : new Table([batch([])]),
    { batchSize: 4, inProcess: true },
  );
  expect(await odd.takeAll()).toEqual([1, 2, 3, 1, 2, 3].map((n) => ({ n })));
});
