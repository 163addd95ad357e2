import * as arrow from "apache-arrow";
import { expect, test } from "vitest";
import { createTableFromArrow } from "../../src/arrow/table-from-arrow.ts";
import { describeTable, openDatabase } from "../duckdb/values/compare.ts";

/** Loads one column `x` and answers its DuckDB type and its values as text. */
async function load(column: arrow.Vector, field?: arrow.Field): Promise<{ type: string; values: unknown[] }> {
  await using connection = await openDatabase();
  const schema = new arrow.Schema([field ?? new arrow.Field("x", column.type, true)]);
  await createTableFromArrow(connection, "t", new arrow.Table(schema, { x: column }));
  const [[, type]] = (await describeTable(connection, "t")) as [[string, string]];
  const reader = await connection.runAndReadAll("SELECT x::VARCHAR FROM t");
  return { type, values: reader.getRows().map(([value]) => value) };
}

function vector(values: readonly unknown[], type: arrow.DataType): arrow.Vector {
  return arrow.vectorFromArray(values, type);
}

function made(type: arrow.DataType, buffers: object): arrow.Vector {
  return new arrow.Vector([arrow.makeData({ type, ...buffers } as never)]);
}

const moment = 1_709_210_096_789;
const second = Math.floor(moment / 1000);

test.each<[string, arrow.Vector, string, unknown[]]>([
  ["bool", vector([true, null, false], new arrow.Bool()), "BOOLEAN", ["true", null, "false"]],
  ["int8", vector([-128, null, 127], new arrow.Int8()), "TINYINT", ["-128", null, "127"]],
  ["uint16", vector([65535, null], new arrow.Uint16()), "USMALLINT", ["65535", null]],
  ["uint64", vector([2n ** 64n - 1n, null], new arrow.Uint64()), "UBIGINT", ["18446744073709551615", null]],
  [
    "float16",
    made(new arrow.Float16(), { data: new Uint16Array([0x3e00, 0xfc00, 0x0001, 0x7e00]), length: 4 }),
    "FLOAT",
    ["1.5", "-inf", "5.9604645e-08", "nan"],
  ],
  ["float32", vector([1.5, null], new arrow.Float32()), "FLOAT", ["1.5", null]],
  [
    "utf8",
    vector(["", "ä", null, "x".repeat(20)], new arrow.Utf8()),
    "VARCHAR",
    ["", "ä", null, "x".repeat(20)],
  ],
  [
    "large utf8",
    vector(["", "ä", null, "x".repeat(20)], new arrow.LargeUtf8()),
    "VARCHAR",
    ["", "ä", null, "x".repeat(20)],
  ],
  ["binary", vector([new Uint8Array([0, 255]), null], new arrow.Binary()), "BLOB", ["\\x00\\xFF", null]],
  [
    "large binary",
    vector([new Uint8Array([0, 255]), null], new arrow.LargeBinary()),
    "BLOB",
    ["\\x00\\xFF", null],
  ],
  [
    "fixed size binary",
    vector([new Uint8Array([1, 2, 3]), null], new arrow.FixedSizeBinary(3)),
    "BLOB",
    ["\\x01\\x02\\x03", null],
  ],
  ["date32", vector([new Date(0), null], new arrow.DateDay()), "DATE", ["1970-01-01", null]],
  [
    "date64",
    vector([new Date(moment), null], new arrow.DateMillisecond()),
    "TIMESTAMP",
    ["2024-02-29 12:34:56.789", null],
  ],
  ["time32 s", vector([3661, null], new arrow.TimeSecond()), "TIME", ["01:01:01", null]],
  ["time32 ms", vector([1, null], new arrow.TimeMillisecond()), "TIME", ["00:00:00.001", null]],
  ["time64 us", vector([1n, null], new arrow.TimeMicrosecond()), "TIME", ["00:00:00.000001", null]],
  ["time64 ns", vector([1n, null], new arrow.TimeNanosecond()), "TIME_NS", ["00:00:00.000000001", null]],
  [
    "timestamp s",
    made(new arrow.TimestampSecond(), { data: new BigInt64Array([BigInt(second)]) }),
    "TIMESTAMP_S",
    ["2024-02-29 12:34:56"],
  ],
  [
    "timestamp ms",
    made(new arrow.TimestampMillisecond(), { data: new BigInt64Array([BigInt(moment)]) }),
    "TIMESTAMP_MS",
    ["2024-02-29 12:34:56.789"],
  ],
  [
    "timestamp us",
    made(new arrow.TimestampMicrosecond(), { data: new BigInt64Array([1n]) }),
    "TIMESTAMP",
    ["1970-01-01 00:00:00.000001"],
  ],
  [
    "timestamp ns",
    made(new arrow.TimestampNanosecond(), { data: new BigInt64Array([1n]) }),
    "TIMESTAMP_NS",
    ["1970-01-01 00:00:00.000000001"],
  ],
  [
    "timestamp s with zone",
    made(new arrow.TimestampSecond("Europe/Paris"), { data: new BigInt64Array([0n]) }),
    "TIMESTAMP WITH TIME ZONE",
    ["1970-01-01 00:00:00+00"],
  ],
  [
    "timestamp ns with zone",
    made(new arrow.TimestampNanosecond("UTC"), { data: new BigInt64Array([1000n]) }),
    "TIMESTAMP WITH TIME ZONE",
    ["1970-01-01 00:00:00.000001+00"],
  ],
  [
    "interval of months",
    made(new arrow.IntervalYearMonth(), { data: new Int32Array([14, -1]) }),
    "INTERVAL",
    ["1 year 2 months", "-1 month"],
  ],
  [
    "interval of days and ms",
    made(new arrow.IntervalDayTime(), { data: new Int32Array([2, 1500]) }),
    "INTERVAL",
    ["2 days 00:00:01.5"],
  ],
  [
    "duration ms",
    made(new arrow.DurationMillisecond(), { data: new BigInt64Array([1500n]) }),
    "INTERVAL",
    ["00:00:01.5"],
  ],
  [
    "decimal128",
    made(new arrow.Decimal(2, 10, 128), {
      data: new Uint32Array([150, 0, 0, 0, 0xffffff6a, 0xffffffff, 0xffffffff, 0xffffffff]),
    }),
    "DECIMAL(10,2)",
    ["1.50", "-1.50"],
  ],
  [
    "decimal256",
    made(new arrow.Decimal(2, 38, 256), { data: new Uint32Array([150, 0, 0, 0, 0, 0, 0, 0]) }),
    "DECIMAL(38,2)",
    ["1.50"],
  ],
  ["null", vector([null, null], new arrow.Null()), "INTEGER", [null, null]],
  [
    "list",
    vector([[1, null], null, []], new arrow.List(new arrow.Field("item", new arrow.Int32(), true))),
    "INTEGER[]",
    ["[1, NULL]", null, "[]"],
  ],
  [
    "fixed size list",
    vector([[1, 2], null], new arrow.FixedSizeList(2, new arrow.Field("item", new arrow.Int32(), true))),
    "INTEGER[2]",
    ["[1, 2]", null],
  ],
  [
    "dictionary of strings",
    vector(["a", "b", null, "a"], new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8())),
    "VARCHAR",
    ["a", "b", null, "a"],
  ],
  [
    "dictionary of ints",
    vector([7, null, 7], new arrow.Dictionary(new arrow.Int32(), new arrow.Uint16())),
    "INTEGER",
    ["7", null, "7"],
  ],
])("%s", async (_name, column, type, values) => {
  expect(await load(column)).toEqual({ type, values });
});

test("views of strings, short and long", async () => {
  const text = Buffer.from("a string that is long enough");
  const views = Buffer.alloc(32);
  views.writeInt32LE(3, 0);
  views.write("abc", 4);
  views.writeInt32LE(6, 16);
  views.writeInt32LE(text.length - 2, 16);
  views.write("stri", 20);
  views.writeInt32LE(0, 24);
  views.writeInt32LE(2, 28);
  const data = arrow.makeData({
    type: new arrow.Utf8View(),
    views,
    variadicBuffers: [text],
    length: 2,
  } as never);
  expect(await load(new arrow.Vector([data as arrow.Data]))).toEqual({
    type: "VARCHAR",
    values: ["abc", "string that is long enough"],
  });
});

test("structs and maps, with nulls at every level", async () => {
  const point = new arrow.Struct([
    new arrow.Field("x", new arrow.Int32(), true),
    new arrow.Field("y", new arrow.Utf8(), true),
  ]);
  expect(await load(vector([{ x: 1, y: "a" }, null, { x: null, y: "b" }], point))).toEqual({
    type: "STRUCT(x INTEGER, y VARCHAR)",
    values: ["{'x': 1, 'y': a}", null, "{'x': NULL, 'y': b}"],
  });
  const entry = new arrow.Struct([
    new arrow.Field("k", new arrow.Utf8(), false),
    new arrow.Field("v", new arrow.Int32(), true),
  ]);
  const map = new arrow.Map_(new arrow.Field("entries", entry as never, false));
  expect(await load(vector([new Map([["a", 1]]), null, new Map()], map))).toEqual({
    type: "MAP(VARCHAR, INTEGER)",
    values: ["{a=1}", null, "{}"],
  });
});

function unionOf(dense: boolean): arrow.Vector {
  const fields = [
    new arrow.Field("n", new arrow.Int32(), true),
    new arrow.Field("s", new arrow.Utf8(), true),
  ];
  const ids = [5, 9];
  const type = dense ? new arrow.DenseUnion(ids, fields) : new arrow.SparseUnion(ids, fields);
  const numbers = arrow.vectorFromArray(dense ? [1, null] : [1, 77, null, 77], new arrow.Int32());
  const strings = arrow.vectorFromArray(dense ? ["a", "b"] : ["x", "a", "x", "b"], new arrow.Utf8());
  const typeIds = new Int8Array([5, 9, 5, 9]);
  const children = [numbers.data[0]!, strings.data[0]!];
  const offsets = dense ? { valueOffsets: new Int32Array([0, 0, 1, 1]) } : {};
  return new arrow.Vector([arrow.makeData({ type, typeIds, children, length: 4, ...offsets } as never)]);
}

test.each([true, false])("unions, dense %s, also sliced", async (dense) => {
  const type = "UNION(n INTEGER, s VARCHAR)";
  expect(await load(unionOf(dense))).toEqual({ type, values: ["1", "a", "NULL", "b"] });
  expect(await load(unionOf(dense).slice(1, 4))).toEqual({ type, values: ["a", "NULL", "b"] });
});

test("sliced and chunked columns", async () => {
  await using connection = await openDatabase();
  const point = new arrow.Struct([new arrow.Field("b", new arrow.Bool(), true)]);
  const lists = new arrow.List(new arrow.Field("item", new arrow.Utf8(), true));
  const pairs = new arrow.FixedSizeList(2, new arrow.Field("item", new arrow.Int32(), true));
  const table = new arrow.Table({
    i: arrow.vectorFromArray([0, 1, 2, null, 4, 5, 6, 7, 8, 9], new arrow.Int32()),
    f: arrow.vectorFromArray(
      [true, false, null, true, true, false, true, null, false, true],
      new arrow.Bool(),
    ),
    s: arrow.vectorFromArray(
      [..."abcdefghij"].map((c) => (c === "c" ? null : c.repeat(9))),
      new arrow.Utf8(),
    ),
    p: arrow.vectorFromArray(
      Array.from({ length: 10 }, (_, i) => (i === 4 ? null : { b: i % 2 === 0 })),
      point,
    ),
    l: arrow.vectorFromArray(
      Array.from({ length: 10 }, (_, i) => (i === 5 ? null : Array(i % 3).fill(`i${i}`))),
      lists,
    ),
    a: arrow.vectorFromArray(
      Array.from({ length: 10 }, (_, i) => (i === 6 ? null : [i, null])),
      pairs,
    ),
    d: arrow.vectorFromArray([..."aabbccddee"], new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32())),
  });
  await createTableFromArrow(connection, "whole", table);
  const pieces = [table.slice(0, 3), table.slice(3, 4), table.slice(4, 10)];
  await createTableFromArrow(
    connection,
    "pieces",
    pieces.flatMap((piece) => piece.batches),
  );
  await createTableFromArrow(connection, "joined", pieces[0]!.concat(pieces[1]!, pieces[2]!));
  const rows = async (name: string) => (await connection.runAndReadAll(`FROM ${name}`)).getRowsJson();
  const whole = await rows("whole");
  expect(whole.length).toBe(10);
  expect(whole[5]).toEqual([5, false, "f".repeat(9), { b: false }, null, [5, null], "c"]);
  expect(await rows("pieces")).toEqual(whole);
  expect(await rows("joined")).toEqual(whole);
});

test("an asynchronous stream of batches is read as it comes, and released when a batch is bad", async () => {
  await using connection = await openDatabase();
  const good = new arrow.Table({ x: arrow.vectorFromArray([1, 2], new arrow.Int32()) }).batches[0]!;
  const other = new arrow.Table({ y: arrow.vectorFromArray([1], new arrow.Int32()) }).batches[0]!;
  let released = 0;
  async function* stream(...batches: readonly arrow.RecordBatch[]) {
    try {
      yield* batches;
    } finally {
      released++;
    }
  }
  await createTableFromArrow(connection, "t", stream(good, good));
  expect((await connection.runAndReadAll("SELECT sum(x)::INT FROM t")).getRows()).toEqual([[6]]);
  await expect(createTableFromArrow(connection, "u", stream(good, other, good))).rejects.toMatchObject({
    code: "UNKNOWN_COLUMN",
  });
  expect(released).toBe(2);
  await expect(connection.run("FROM u")).rejects.toThrow("does not exist");
});
