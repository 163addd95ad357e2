/** Where a plan is cut: `explain()` tells which stages would run. */
import { expect, test } from "vitest";
import type { DataFrame } from "../../src/index.ts";
import { hundredRows, openWorld } from "../support/world.ts";

/** The names of the stages, without the query at the end. */
async function stagesOf(frame: DataFrame): Promise<string[]> {
  const text = (await frame.explain()).split("stages:\n")[1]!;
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) =>
      line
        .trim()
        .replace(/^\d+\. (\w+)(\((\w+)[^)]*)?.*$/, "$1 $3")
        .trim(),
    );
}

test("unobserved repartitions cause no stage, observed ones do", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const frame = sp.readParquet(await hundredRows(world));
  const hashed = frame.repartition(3, { hashBy: "item" });
  expect(await stagesOf(frame)).toEqual([]);
  expect(await stagesOf(hashed.groupBy("g").agg({ n: "count(*)" }))).toEqual([]);
  expect(await stagesOf(hashed.join(hashed, { on: "item" }).sort("item").limit(3))).toEqual([]);
  expect(await stagesOf(hashed.filter("item > 1").repartition(2, { random: true }).distinct())).toEqual([]);
  expect(await stagesOf(sp.sql("SELECT * FROM {0} JOIN {1} USING (item)", hashed, frame))).toEqual([]);
  expect(await stagesOf(sp.partialSql("SELECT * FROM {0}", hashed))).toEqual([
    "repartition hash",
    "partialSql SELECT",
  ]);
});

test("even divisions of files cost no stage of their own", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const frame = sp.readParquet(await hundredRows(world));
  const query = (one: DataFrame): DataFrame => sp.partialSql("SELECT * FROM {0}", one);
  expect(await stagesOf(query(frame.repartition(2)))).toEqual(["partialSql SELECT"]);
  expect(await stagesOf(query(frame.repartition(7, { byRows: true })))).toEqual(["partialSql SELECT"]);
  expect(await stagesOf(query(frame.filter("item > 3").repartition(2, { byFiles: true })))).toEqual([
    "partialSql SELECT",
  ]);
  expect(await stagesOf(query(frame.filter("item > 3").repartition(2, { byRows: true })))).toEqual([
    "filter item",
    "partialSql SELECT",
  ]);
});

test("per-partition steps on one division are one stage", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const parts = sp.readParquet(await hundredRows(world)).repartition(3, { hashBy: "item" });
  const chain = sp.partialSql("SELECT * FROM {0}", parts).filter("item > 1").partialSort("item");
  expect(await stagesOf(sp.partialSql("SELECT * FROM {0}", chain))).toEqual([
    "repartition hash",
    "partialSql SELECT",
  ]);
});

test("a broadcast frame is computed once, a plain scan is read by every partition", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const frame = sp.readParquet(await hundredRows(world));
  const parts = frame.repartition(3, { byRows: true });
  const query = "SELECT * FROM {0} JOIN {1} USING (g)";
  expect(await stagesOf(sp.partialSql(query, parts, frame.filter("item < 3")))).toEqual([
    "partialSql SELECT",
  ]);
  const counted = frame.groupBy("g").agg({ n: "count(*)" });
  expect(await stagesOf(sp.partialSql(query, parts, counted))).toEqual(["groupBy g", "partialSql SELECT"]);
});

test("a frame used twice is one stage, and a kept one is none", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const parts = sp.readParquet(await hundredRows(world)).repartition(3, { hashBy: "item" });
  const both = sp.partialSql("SELECT * FROM {0} JOIN {1} USING (item)", parts, parts.filter("item > 3"));
  expect(await stagesOf(both)).toEqual(["repartition hash", "partialSql SELECT"]);
  await parts.compute();
  expect(await stagesOf(both)).toEqual(["partialSql SELECT"]);
});

test("functions and writes are stages, and what they read is divided for them", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const frame = sp.readParquet(await hundredRows(world));
  const mapped = frame.map((row) => row, { schema: { item: "BIGINT", g: "VARCHAR" } });
  expect(await stagesOf(mapped)).toEqual(["map anonymous"]);
  expect(
    await stagesOf(mapped.filter("item > 3").repartition(2, { hashBy: "g" }).writeParquetLazy(world.at("o"))),
  ).toEqual(["map anonymous", "writeParquet"]);
  expect(await stagesOf(frame.repartition(3, { rangeBy: "item" }).writeParquetLazy(world.at("o")))).toEqual([
    "bounds",
    "writeParquet",
  ]);
});
