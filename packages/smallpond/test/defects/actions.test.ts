/** Reference 1.1, 2.6, 3 and 5: results as Arrow, actions side by side, and more data than memory. */
import { expect, test } from "vitest";
import { column, hundredRows, openWorld } from "../support/world.ts";

test("the first example of the ancestor's README runs, also with fewer keys than partitions (issue #6)", async () => {
  await using world = await openWorld();
  const prices = await world.write(
    "prices.parquet",
    "SELECT ['A', 'B'][1 + range % 2] AS ticker, range::DOUBLE AS price FROM range(10)",
  );
  const frame = world.sp.readParquet(prices).repartition(3, { hashBy: "ticker" });
  const range = world.sp.partialSql(
    "SELECT ticker, min(price) AS lo, max(price) AS hi FROM {0} GROUP BY ticker",
    frame,
  );
  const written = await range.writeParquet(world.at("output"));
  expect(written.files.length).toBe(3);
  expect(await world.sp.readParquet(world.at("output")).sort("ticker").takeAll()).toEqual([
    { ticker: "A", lo: 0, hi: 8 },
    { ticker: "B", lo: 1, hi: 9 },
  ]);
});

test("mapBatches gets batches of the size asked for: 350, 350, 300 of 1000 rows (3: dataframe)", async () => {
  await using world = await openWorld();
  const path = await world.write("k.parquet", "SELECT range AS item FROM range(1000)");
  const sizes: number[] = [];
  const same = world.sp.readParquet(path).mapBatches(
    (batch) => {
      sizes.push(batch.numRows);
      return batch;
    },
    { batchSize: 350, inProcess: true },
  );
  expect(await column(same, "item")).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  expect(sizes).toEqual([350, 350, 300]);
});

test.each(["parquet", "csv", "json"])(
  "mapBatches works over %s, divided or not (5: failed on CSV)",
  async (format) => {
    await using world = await openWorld();
    const path = await hundredRows(world, format);
    const { sp } = world;
    const frame =
      format === "csv" ? sp.readCsv(path) : format === "json" ? sp.readJson(path) : sp.readParquet(path);
    for (const input of [frame, frame.repartition(3, { hashBy: "item" }), frame.filter("false")]) {
      expect(await input.mapBatches((batch) => batch).count()).toBe(await input.count());
    }
  },
);

test("frames go to Arrow and come back, and divide like any other (5: Pandas frames could not)", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world));
  const table = await frame.toArrow();
  expect(table.numRows).toBe(100);
  const back = world.sp.fromArrow(table).repartition(4, { hashBy: "item" });
  expect(await world.sp.partialSql("SELECT * FROM {0} WHERE item < 50", back).count()).toBe(50);
  let rows = 0;
  for await (const batch of frame.arrowBatches({ batchSize: 30 })) rows += batch.numRows;
  expect(rows).toBe(100);
  expect((await frame.filter("false").toArrow()).schema.fields.map((field) => field.name)).toEqual([
    "item",
    "g",
  ]);
});

test("actions of one session may run side by side, also on the same frames (5: count was serial)", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world)).repartition(3, { hashBy: "item" });
  let calls = 0;
  const mapped = frame.map(
    (row) => {
      calls++;
      return { y: row.item! };
    },
    { inProcess: true, schema: { y: "BIGINT" } },
  );
  const parts = world.sp.partialSql("SELECT count(*) AS n FROM {0}", mapped);
  const results = await Promise.all([
    frame.count(),
    mapped.count(),
    mapped.takeAll().then((rows) => rows.length),
    column(parts, "n").then((counts) => counts.reduce((sum, n) => sum + n, 0)),
    frame.compute().then((one) => one.count()),
    frame.writeParquet(world.at("one")).then((written) => written.rows),
    mapped.writeParquet(world.at("two")).then((written) => written.rows),
  ]);
  expect(results).toEqual(Array(7).fill(100));
  expect(calls).toBe(100);
});

test("a task that needs more than its memory spills to disk and succeeds (2.6: no spilling by default)", async () => {
  await using world = await openWorld({ numExecutors: 1, memory: "700 MB" });
  const path = await world.write("big.parquet", "SELECT range AS item, hash(range) AS h FROM range(2000000)");
  const wide = "SELECT item, repeat(h::VARCHAR, 12) AS t FROM {0} ORDER BY h";
  const sorted = world.sp.partialSql(wide, world.sp.readParquet(path).repartition(2, { by: "0" }));
  const written = await sorted.writeParquet(world.at("sorted"));
  expect(written.rows).toBe(2_000_000);
  const peak = Math.max(
    ...world.sp
      .report()
      .actions.at(-1)!
      .stages.map((stage) => stage.peakMemoryBytes),
  );
  expect(peak).toBeLessThan(700_000_000);
});
