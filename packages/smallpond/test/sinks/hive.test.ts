/** Directories that say the values of columns, as we and others read them. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Row } from "../../src/index.ts";
import { failureOf } from "../support/failure.ts";
import { openWorld, rowTexts, type World } from "../support/world.ts";

/** Made by `.ci/install`. */
const PYTHON = fileURLToPath(new URL("../../../../.bench/test-venv/bin/python", import.meta.url));

const ODD = ["plain", "a/b=c", "ä ö%41", "..", "it's", "x".repeat(80)];

/** 60 rows: texts with everything in them, NULLs, dates. */
const ROWS = `SELECT range AS item, [${ODD.map((text) => `'${text.replaceAll("'", "''")}'`).join(", ")}, NULL][1 + range % 7] AS s,
  DATE '2024-01-01' + (range % 3)::INT AS d FROM range(60)`;

async function expectedRows(world: World): Promise<string[]> {
  return rowTexts(await world.sp.sql(`SELECT item, s, CAST(d AS VARCHAR) AS d FROM (${ROWS})`).takeAll());
}

const VERBS = ["writeParquet", "writeCsv", "writeJson"] as const;
const READS = { writeParquet: "readParquet", writeCsv: "readCsv", writeJson: "readJson" } as const;

test.each(VERBS)(
  "%s by values: readers find every row with its values, our own by the directory alone",
  async (verb) => {
    await using world = await openWorld();
    const frame = world.sp.sql(ROWS).repartition(2, { hashBy: "item" });
    const written = await frame[verb](world.at("out"), { partitionBy: ["s", "d"] });
    expect(written.rows).toBe(60);
    expect(written.files.some((file) => file.includes("/s=a%2Fb%3Dc/d=2024-01-0"))).toBe(true);
    expect(written.files.some((file) => file.includes("/s=__HIVE_DEFAULT_PARTITION__/d=2024-01-0"))).toBe(
      true,
    );
    const back = world.sp[READS[verb]](world.at("out"));
    const rows = await world.sp.sql("SELECT item, s, CAST(d AS VARCHAR) AS d FROM {0}", back).takeAll();
    expect(rowTexts(rows)).toEqual(await expectedRows(world));
    const reader = { writeParquet: "read_parquet", writeCsv: "read_csv", writeJson: "read_json" }[verb];
    const theirs = await world.plain.rows(
      `SELECT item::INT AS item, s, d::VARCHAR AS d FROM ${reader}('${world.at("out")}/**/*.*', hive_partitioning = true)`,
    );
    expect(rowTexts(theirs as Row[])).toEqual(await expectedRows(world));
  },
);

test("the columns are in the path and not in the files, unless that is asked for", async () => {
  await using world = await openWorld();
  const frame = world.sp.sql("SELECT range AS item, range % 2 AS g FROM range(4)");
  const names = async (path: string): Promise<unknown[]> => {
    const rows = await world.plain.rows(
      `DESCRIBE SELECT * FROM read_parquet('${path}', hive_partitioning = false)`,
    );
    return rows.map((row) => row.column_name);
  };
  const bare = await frame.writeParquet(world.at("bare"), { partitionBy: "g" });
  expect(await names(bare.files[0]!)).toEqual(["item"]);
  const full = await frame.writeParquet(world.at("full"), { partitionBy: "g", keepPartitionColumns: true });
  expect(await names(full.files[0]!)).toEqual(["item", "g"]);
  const json = await frame.writeJson(world.at("json"), { partitionBy: "g", keepPartitionColumns: true });
  expect(readFileSync(json.files[0]!, "utf8")).toBe('{"item":0,"g":0}\n{"item":2,"g":0}\n');
  expect(await world.sp.readJson(world.at("json")).agg({ s: "sum(g)" }).takeAll()).toEqual([{ s: 2 }]);
});

test.each(VERBS)("%s appended by values is read as one", async (verb) => {
  await using world = await openWorld();
  const frame = world.sp.sql("SELECT range AS item, range % 3 AS g FROM range(30)");
  for (const [from, to] of [
    [0, 10],
    [10, 20],
    [20, 30],
  ]) {
    await frame
      .filter(`item >= ${from} AND item < ${to}`)
      [verb](world.at("out"), { mode: "append", partitionBy: "g" });
  }
  const rows = await world.sp[READS[verb]](world.at("out"))
    .agg({ n: "count(*)", items: "sum(item)", g: "sum(g)" })
    .takeAll();
  expect(rows).toEqual([{ n: 30, items: 435, g: 30 }]);
});

test("a lazy write by values is the rows, values included", async () => {
  await using world = await openWorld();
  const frame = world.sp.sql(ROWS).writeParquetLazy(world.at("out"), { partitionBy: "s" });
  const rows = await world.sp.sql("SELECT item, s, CAST(d AS VARCHAR) AS d FROM {0}", frame).takeAll();
  expect(rowTexts(rows)).toEqual(await expectedRows(world));
});

test.each([
  [{ partitionBy: "nope" }, "UNKNOWN_COLUMN", "nope"],
  [{ partitionBy: ["g", "item"] }, "BAD_ARGUMENT", "every column"],
  [{ partitionBy: ["g", "G"] }, "BAD_ARGUMENT", "partitionBy"],
  [{ partitionBy: "g", fileSizeBytes: 10 }, "BAD_ARGUMENT", "fileSizeBytes"],
  [{ keepPartitionColumns: true }, "BAD_ARGUMENT", "partitionBy"],
] as const)("%j is refused by name", async (options, code, part) => {
  await using world = await openWorld();
  const frame = world.sp.sql("SELECT 1 AS item, 2 AS g");
  const error = await failureOf(() => frame.writeParquet(world.at("out"), options));
  expect([error.code, error.message]).toEqual([code, expect.stringContaining(part)]);
  expect(await world.list("")).not.toContain("out");
});

test.each([
  ["[1]", "UNSUPPORTED_TYPE"],
  ["'\\x00'::BLOB", "UNSUPPORTED_TYPE"],
  ["''", "UNSUPPORTED_VALUE"],
  ["'__HIVE_DEFAULT_PARTITION__'", "UNSUPPORTED_VALUE"],
] as const)("no directory is named after %s", async (sql, code) => {
  await using world = await openWorld();
  const frame = world.sp.sql(`SELECT 1 AS item, ${sql} AS g`);
  const error = await failureOf(frame.writeParquet(world.at("out"), { partitionBy: "g" }));
  expect([error.code, error.message]).toEqual([code, expect.stringContaining('"g"')]);
  expect((await world.list("")).filter((name) => name.includes("out"))).toEqual([]);
});

test.skipIf(!existsSync(PYTHON))(
  "pyarrow reads values, appends and every format (.ci/install installs it)",
  async () => {
    await using world = await openWorld();
    const frame = world.sp.sql(ROWS);
    await frame.writeParquet(world.at("hive"), { partitionBy: "s" });
    await frame.writeParquet(world.at("hive"), { partitionBy: "s", mode: "append" });
    await frame.writeParquet(world.at("flat"));
    await frame.writeParquet(world.at("flat"), { mode: "append" });
    await frame.writeArrow(world.at("one.arrow"));
    await frame.writeArrow(world.at("one.arrows"));
    await frame.writeCsv(world.at("one.csv"));
    const script = `
import sys, json, pyarrow as pa, pyarrow.dataset as ds, pyarrow.ipc as ipc, pyarrow.csv as csv
at = sys.argv[1]
hive = ds.dataset(at + "/hive", format="parquet", partitioning="hive").to_table()
flat = ds.dataset(at + "/flat", format="parquet").to_table()
file = ipc.open_file(at + "/one.arrow").read_all()
stream = ipc.open_stream(at + "/one.arrows").read_all()
text = csv.read_csv(at + "/one.csv")
print(json.dumps({
  "hive": [hive.num_rows, sorted({v for v in hive["s"].to_pylist() if v is not None}), hive["s"].null_count],
  "rows": [t.num_rows for t in (flat, file, stream, text)],
  "same": file.equals(stream),
}))`;
    const out = JSON.parse(execFileSync(PYTHON, ["-c", script, world.path], { encoding: "utf8" })) as unknown;
    expect(out).toEqual({ hive: [120, ODD.toSorted(), 16], rows: [120, 60, 60, 60], same: true });
  },
);
