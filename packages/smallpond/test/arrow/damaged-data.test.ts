import * as arrow from "apache-arrow";
import { expect, test } from "vitest";
import { tableFromResult } from "../../src/arrow/batches.ts";
import { createTableFromArrow } from "../../src/arrow/table-from-arrow.ts";
import { openDatabase } from "../duckdb/values/compare.ts";

function data(type: arrow.DataType, parts: object): arrow.Data {
  return arrow.makeData({ type, ...parts } as never) as arrow.Data;
}

const long = Buffer.from("a string of more than twelve bytes");
const list = new arrow.List(new arrow.Field("item", new arrow.Int32(), true));
const child = data(new arrow.Int32(), { data: new Int32Array([1, 2, 3]) });
const dictionary = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32());
const words = arrow.vectorFromArray(["a", "b"], new arrow.Utf8());

/** Data that would make DuckDB read memory it should not, or hold values that it must not. */
test.each<[string, arrow.Data]>([
  ["too few numbers", data(new arrow.Int64(), { data: new BigInt64Array(1), length: 3 })],
  ["too few booleans", data(new arrow.Bool(), { data: new Uint8Array(1), length: 30 })],
  [
    "offsets beyond the bytes",
    data(new arrow.Utf8(), { valueOffsets: new Int32Array([0, 5000]), data: long }),
  ],
  ["negative offsets", data(new arrow.Utf8(), { valueOffsets: new Int32Array([-9, 20]), data: long })],
  [
    "offsets that go back",
    data(new arrow.Binary(), { valueOffsets: new Int32Array([0, 20, 5]), data: long }),
  ],
  [
    "too few offsets",
    data(new arrow.Utf8(), { valueOffsets: new Int32Array([0, 20]), data: long, length: 5 }),
  ],
  [
    "large offsets beyond the bytes",
    data(new arrow.LargeUtf8(), { valueOffsets: new BigInt64Array([0n, 2n ** 40n]), data: long }),
  ],
  [
    "bytes that are not UTF-8",
    data(new arrow.Utf8(), { valueOffsets: new Int32Array([0, 20]), data: Buffer.alloc(20, 0xff) }),
  ],
  [
    "a string from the middle of a character",
    data(new arrow.Utf8(), { valueOffsets: new Int32Array([0, 1, 2]), data: Buffer.from("é") }),
  ],
  ["a list beyond its items", data(list, { valueOffsets: new Int32Array([0, 9]), child })],
  ["an index beyond the dictionary", data(dictionary, { data: new Int32Array([0, 2]), dictionary: words })],
  [
    "a negative index into the dictionary",
    data(dictionary, { data: new Int32Array([-1]), dictionary: words }),
  ],
  [
    "a decimal with more digits than it has",
    data(new arrow.Decimal(0, 4, 128), { data: new Uint32Array([99999, 0, 0, 0]) }),
  ],
  ["a day with an hour", data(new arrow.TimestampNanosecond("UTC"), { data: new BigInt64Array([1n]) })],
])("%s: refused, naming the column", async (_name, column) => {
  await using connection = await openDatabase();
  const table = new arrow.Table({ x: new arrow.Vector([column]) });
  await expect(createTableFromArrow(connection, "t", table)).rejects.toMatchObject({
    code: "VALUE_DOES_NOT_FIT",
    details: { column: "x", row: expect.any(Number) },
  });
  await expect(connection.run("FROM t")).rejects.toThrow("does not exist");
});

test("bytes that are not UTF-8 do no harm under a null", async () => {
  await using connection = await openDatabase();
  const bytes = Buffer.concat([Buffer.alloc(20, 0xff), long]);
  const valueOffsets = new Int32Array([0, 20, 20 + long.length]);
  const column = data(new arrow.Utf8(), {
    valueOffsets,
    data: bytes,
    nullBitmap: new Uint8Array([0b10]),
    nullCount: 1,
  });
  await createTableFromArrow(connection, "t", new arrow.Table({ x: new arrow.Vector([column]) }));
  expect((await connection.runAndReadAll("FROM t")).getRows()).toEqual([[null], [long.toString()]]);
});

test("a map with a null key is refused", async () => {
  await using connection = await openDatabase();
  const key = new arrow.Field("key", new arrow.Utf8(), true);
  const entry = new arrow.Struct([key, new arrow.Field("value", new arrow.Int32(), true)]);
  const children = [
    arrow.vectorFromArray([null], new arrow.Utf8()).data[0]!,
    arrow.vectorFromArray([1], new arrow.Int32()).data[0]!,
  ];
  const type = new arrow.Map_(new arrow.Field("entries", entry as never, false));
  const entries = data(entry, { children, length: 1 });
  const column = data(type, { valueOffsets: new Int32Array([0, 1]), child: entries });
  const table = new arrow.Table({ x: new arrow.Vector([column]) });
  await expect(createTableFromArrow(connection, "t", table)).rejects.toThrow("null key");
});

test("a VARIANT whose parts were tampered with is refused or harmless", async () => {
  await using connection = await openDatabase();
  const sql = "SELECT {'a': [1::VARIANT, 2::VARIANT, {'b': 'text'}::VARIANT]}::VARIANT AS v FROM range(3)";
  for (let byte = 0; byte < 60; byte++) {
    const table = await tableFromResult(await connection.run(sql));
    const parts = table.batches[0]!.data.children[0]!;
    const [keys, children, values, bytes] = parts.children as [
      arrow.Data,
      arrow.Data,
      arrow.Data,
      arrow.Data,
    ];
    const buffers = [
      keys.valueOffsets,
      children.valueOffsets,
      values.valueOffsets,
      bytes.values,
      bytes.valueOffsets,
      children.children[0]!.children[0]!.values,
      children.children[0]!.children[1]!.values,
      values.children[0]!.children[0]!.values,
      values.children[0]!.children[1]!.values,
    ].map((buffer) => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength));
    for (const buffer of buffers) {
      const at = byte % buffer.length;
      const before = buffer[at]!;
      buffer[at] = before ^ 0x55;
      await createTableFromArrow(connection, { name: "t", replace: true }, table).then(
        () => connection.run("SELECT v::VARCHAR, v.a FROM t"),
        (error: { code: string }) => expect(error.code).toBe("VALUE_DOES_NOT_FIT"),
      );
      buffer[at] = before;
    }
  }
});

test("a geometry that is not well-known binary is refused", async () => {
  await using connection = await openDatabase();
  const metadata = new Map([["duckdb:type", "GEOMETRY"]]);
  const schema = new arrow.Schema([new arrow.Field("g", new arrow.Binary(), true, metadata)]);
  const good = Buffer.from("0101000000000000000000f03f0000000000000040", "hex");
  for (const bad of [
    good.subarray(0, 20),
    Buffer.concat([good, good]),
    Buffer.from("0107000000ffffff7f", "hex"),
  ]) {
    const column = arrow.vectorFromArray([good, bad], new arrow.Binary());
    const table = new arrow.Table(schema, { g: column } as never) as arrow.Table;
    await expect(createTableFromArrow(connection, "t", table)).rejects.toMatchObject({
      details: { column: "g", row: 1 },
    });
  }
});
