/** What the sinks write, read by DuckDB, by apache-arrow and by ourselves. */
import { readFileSync } from "node:fs";
import { tableFromIPC } from "apache-arrow";
import { expect, test } from "vitest";
import type { DataFrame } from "../../src/index.ts";
import { column, hundredRows, openWorld, type World } from "../support/world.ts";

const RANGE_100 = Array.from({ length: 100 }, (_, i) => i);

type Verb = "writeParquet" | "writeCsv" | "writeJson" | "writeArrow";

const READERS: Readonly<Record<Exclude<Verb, "writeArrow">, (path: string) => string>> = {
  writeParquet: (path) => `read_parquet('${path}')`,
  writeCsv: (path) => `read_csv('${path}')`,
  writeJson: (path) => `read_json('${path}')`,
};

/** `item` of all files, in order, by another reader than ours. */
async function items(world: World, verb: Verb, files: readonly string[]): Promise<number[]> {
  const found: number[] = [];
  for (const file of files) {
    if (verb === "writeArrow") {
      const values = tableFromIPC(readFileSync(file)).getChild("item")!.toArray() as BigInt64Array;
      found.push(...[...values].map(Number));
    } else {
      const rows = await world.plain.rows(`SELECT item FROM ${READERS[verb](file)}`);
      found.push(...rows.map((row) => Number(row.item)));
    }
  }
  return found;
}

test.each([
  ["writeParquet", "out", "part-00000.parquet"],
  ["writeParquet", "out.parquet", null],
  ["writeCsv", "out", "part-00000.csv"],
  ["writeCsv", "out.csv", null],
  ["writeCsv", "out.csv.gz", null],
  ["writeCsv", "out.tsv.zst", null],
  ["writeJson", "out", "part-00000.jsonl"],
  ["writeJson", "out.json", null],
  ["writeJson", "out.ndjson.gz", null],
  ["writeArrow", "out", "part-00000.arrow"],
  ["writeArrow", "out.arrow", null],
  ["writeArrow", "out.arrows", null],
] as const)(
  "%s(%s): ranges and columns are written as the plan says, in one file or a file per partition",
  async (verb, name, first) => {
    await using world = await openWorld();
    const frame = world.sp
      .readParquet(await hundredRows(world), { columns: ["item"] })
      .repartition(3, { byRows: true });
    const written = await frame[verb](world.at(name));
    expect(written.rows).toBe(100);
    expect(written.files.length).toBe(first === null ? 1 : 3);
    if (first !== null) expect((await world.list(name))[0]).toBe(first);
    expect(await items(world, verb, written.files)).toEqual(RANGE_100);
    const sizes = await Promise.all(written.files.map((file) => world.disk.stat(file)));
    expect(written.bytes).toBe(sizes.reduce((sum, stat) => sum + stat.size, 0));
  },
);

test.each(["writeParquet", "writeCsv", "writeJson", "writeArrow"] as const)(
  "%s from executors is the same as from the session's own process",
  async (verb) => {
    await using world = await openWorld({ numExecutors: 1 });
    const frame = world.sp.readParquet(await hundredRows(world)).repartition(2, { hashBy: "item" });
    const written = await frame[verb](world.at("out"));
    const found = await items(world, verb, written.files);
    expect(found.toSorted((a, b) => a - b)).toEqual(RANGE_100);
  },
);

test.each([
  ["writeCsvLazy", "out"],
  ["writeJsonLazy", "out"],
  ["writeArrowLazy", "out"],
  ["writeCsvLazy", "out.csv"],
  ["writeParquetLazy", "out"],
] as const)(
  "%s(%s) writes once, when it is first computed, and is the rows with their types",
  async (verb, name) => {
    await using world = await openWorld();
    const source = world.sp.sql(
      "SELECT range AS item, DATE '2024-01-01' + range::INT AS d, random() AS r FROM range(100)",
    );
    const frame: DataFrame = source.repartition(3, { hashBy: "item" })[verb](world.at(name));
    expect(await world.disk.exists(world.at(name))).toBe(false);
    expect(await frame.schema()).toEqual([
      { name: "item", type: "BIGINT" },
      { name: "d", type: "DATE" },
      { name: "r", type: "DOUBLE" },
    ]);
    expect(await frame.count()).toBe(100);
    const before = await world.disk.stat(world.at(name));
    // What is random is drawn once: the rows of the frame are those of the files.
    const mine = await column(frame.sort("item"), "r");
    expect((await world.disk.stat(world.at(name))).mtimeNs).toBe(before.mtimeNs);
    expect(await frame.filter("item < 7").count()).toBe(7);
    if (verb !== "writeCsvLazy") return;
    const theirs = await column(world.sp.readCsv(world.at(name)).sort("item"), "r");
    expect(theirs).toEqual(mine);
  },
);

test.each(["writeCsv", "writeJson", "writeParquet"] as const)(
  "%s with fileSizeBytes cuts a partition into files, all rows once and in order",
  async (verb) => {
    await using world = await openWorld();
    const frame = world.sp.sql(
      "SELECT range AS item, repeat('x', 50) || hash(range) AS t FROM range(400000)",
    );
    const written = await frame[verb](world.at("out"), { fileSizeBytes: 1_500_000 });
    expect(written.files.length).toBeGreaterThan(2);
    expect(written.rows).toBe(400_000);
    const sizes = await Promise.all(written.files.map((file) => world.disk.stat(file)));
    expect(written.bytes).toBe(sizes.reduce((sum, stat) => sum + stat.size, 0));
    const [row] = await world.plain.rows(
      `SELECT count(*) AS n, count(DISTINCT item) AS d FROM ${READERS[verb](`${world.at("out")}/*`)}`,
    );
    expect([Number(row?.n), Number(row?.d)]).toEqual([400_000, 400_000]);
    const firsts = await world.plain.rows(`SELECT item FROM ${READERS[verb](written.files[0]!)} LIMIT 3`);
    expect(firsts.map((first) => Number(first.item))).toEqual([0, 1, 2]);
  },
);

test("writeArrow with fileSizeBytes begins another file after each batch that is enough", async () => {
  await using world = await openWorld();
  const frame = world.sp.sql("SELECT range AS item FROM range(10000)");
  const written = await frame.writeArrow(world.at("out"), { fileSizeBytes: 20_000, batchRows: 1000 });
  expect(written.files.length).toBe(4);
  expect(await items(world, "writeArrow", written.files)).toEqual(
    Array.from({ length: 10_000 }, (_, i) => i),
  );
});

test("writeArrow keeps dictionaries and NULLs over many batches", async () => {
  await using world = await openWorld();
  const query = `SELECT range AS item, ['a', 'b'][1 + range % 2]::ENUM('a', 'b') AS e,
    CASE WHEN range % 3 = 0 THEN NULL WHEN range > 2500 THEN 'x' || range END AS t FROM range(5000)`;
  await world.sp.sql(query).writeArrow(world.at("o.arrow"), { batchRows: 1000 });
  const table = tableFromIPC(readFileSync(world.at("o.arrow")));
  expect(table.batches.length).toBe(5);
  const back = world.sp.fromArrow(table);
  const [row] = await world.sp
    .sql(`SELECT count(*) AS n FROM ({0} INTERSECT ${query})`.replace("{0}", "FROM {0}"), back)
    .takeAll();
  expect(row?.n).toBe(5000);
});

test("a lazy write is what was written, also when what it was made from has changed", async () => {
  await using world = await openWorld();
  const path = await world.write("in.parquet", "SELECT range AS item FROM range(10)");
  const frame = world.sp.readParquet(path).writeCsvLazy(world.at("out"));
  expect(await frame.count()).toBe(10);
  await world.write("in.parquet", "SELECT range AS item FROM range(20)");
  expect(await frame.count()).toBe(10);
  expect(await world.sp.readParquet(path).count()).toBe(20);
});

test.each(["writeParquet", "writeCsv", "writeJson", "writeArrow"] as const)(
  "%s of no rows is a file that has the columns, where the format can say them",
  async (verb) => {
    await using world = await openWorld();
    const frame = world.sp.sql("SELECT range AS item FROM range(0)");
    const written = await frame[verb](world.at("out"));
    expect([written.files.length, written.rows]).toEqual([1, 0]);
    const path = written.files[0]!;
    if (verb === "writeArrow") expect(tableFromIPC(readFileSync(path)).schema.names).toEqual(["item"]);
    if (verb === "writeParquet") expect(await world.sp.readParquet(path).count()).toBe(0);
    if (verb === "writeCsv") expect(readFileSync(path, "utf8")).toBe("item\n");
    if (verb === "writeJson") expect(readFileSync(path, "utf8")).toBe("");
  },
);

test("JSON is an array on request, also without rows", async () => {
  await using world = await openWorld();
  const frame = world.sp.sql('SELECT range AS item, \'a"b\' AS "odd ""name" FROM range(3)');
  await frame.writeJson(world.at("all.json"), { format: "array" });
  expect(JSON.parse(readFileSync(world.at("all.json"), "utf8"))).toEqual(
    [0, 1, 2].map((item) => ({ item, 'odd "name': 'a"b' })),
  );
  await frame.limit(0).writeJson(world.at("none.json"), { format: "array" });
  expect(JSON.parse(readFileSync(world.at("none.json"), "utf8"))).toEqual([]);
});

test("CSV is as the options say", async () => {
  await using world = await openWorld();
  const frame = world.sp.sql(
    "SELECT * FROM (VALUES ('a|b', NULL, DATE '2024-02-29'), ('it''s', 1, NULL), ('', 2, DATE '2024-01-01')) t(s, n, d) ORDER BY n NULLS FIRST",
  );
  const options = {
    header: false,
    delimiter: "|",
    quote: "'",
    nullText: "NIL",
    dateFormat: "%d.%m.%Y",
  } as const;
  await frame.writeCsv(world.at("o.txt"), options);
  expect(readFileSync(world.at("o.txt"), "utf8")).toBe(
    "'a|b'|NIL|29.02.2024\n'it''s'|1|NIL\n|2|01.01.2024\n",
  );
  await frame.writeCsv(world.at("plain.csv"));
  expect(readFileSync(world.at("plain.csv"), "utf8")).toBe(
    's,n,d\na|b,,2024-02-29\nit\'s,1,\n"",2,2024-01-01\n',
  );
  const back = await world.sp
    .readCsv(world.at("plain.csv"), { quotedNulls: false })
    .sort("n NULLS FIRST")
    .takeAll();
  expect(back.map((row) => row.s)).toEqual(["a|b", "it's", ""]);
});

test("Parquet is as the options say", async () => {
  await using world = await openWorld();
  const frame = world.sp.sql("SELECT range AS item FROM range(10000)");
  for (const compression of ["zstd", "snappy", "gzip", "brotli", "lz4", "uncompressed"] as const) {
    const path = world.at(`${compression}.parquet`);
    await frame.writeParquet(path, {
      compression,
      rowGroupRows: 4096,
      ...(compression === "zstd" ? { compressionLevel: 19 } : {}),
    });
    const groups = await world.plain.rows(
      `SELECT DISTINCT row_group_id AS g, compression AS c FROM parquet_metadata('${path}')`,
    );
    expect(groups.length).toBe(3);
    expect(String(groups[0]!.c)).toBe(compression === "lz4" ? "LZ4_RAW" : compression.toUpperCase());
  }
});
