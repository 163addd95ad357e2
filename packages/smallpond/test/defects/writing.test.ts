/** Reference 2.11 and 5: what the ancestor's sinks did to ranges, projections, formats, and second writes. */
import { expect, test } from "vitest";
import { failureOf } from "../support/failure.ts";
import { column, hundredRows, openWorld } from "../support/world.ts";

const RANGE_100 = Array.from({ length: 100 }, (_, i) => i);

test("rows divided by rows and written are written once (2.11: 200 rows for 100)", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const frame = sp.readParquet(await hundredRows(world)).repartition(3, { byRows: true });
  const written = await frame.writeParquet(world.at("out"));
  expect(written.rows).toBe(100);
  expect(written.files.length).toBe(3);
  const back = await column(sp.readParquet(world.at("out")).sort("item"), "item");
  expect(back).toEqual(RANGE_100);
});

test("a row range of one file is written as that range only (2.11)", async () => {
  await using world = await openWorld();
  const path = await world.write("one.parquet", "SELECT range AS item FROM range(10)");
  await world.sp.readParquet(path).repartition(4, { byRows: true }).writeParquet(world.at("out"));
  const counts = await world.plain.rows(
    `SELECT num_rows AS n FROM parquet_file_metadata('${world.at("out")}/*.parquet') ORDER BY file_name`,
  );
  expect(counts.map((row) => Number(row.n))).toEqual([3, 3, 2, 2]);
});

test("columns chosen at the source are the only columns written (2.11: columns= wrote all)", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world), { columns: ["g"] });
  await frame.writeParquet(world.at("out"));
  const described = await world.plain.rows(`DESCRIBE SELECT * FROM '${world.at("out")}/*.parquet'`);
  expect(described.map((row) => row.column_name)).toEqual(["g"]);
});

test.each(["csv", "json"])("%s written with writeParquet is Parquet (2.11: CSV gave CSV)", async (format) => {
  await using world = await openWorld();
  const path = await hundredRows(world, format);
  const frame = format === "csv" ? world.sp.readCsv(path) : world.sp.readJson(path);
  const written = await frame.writeParquet(world.at("out"));
  expect(written.files.every((file) => file.endsWith(".parquet"))).toBe(true);
  const [row] = await world.plain.rows(
    `SELECT count(*) AS n, sum(item) AS s FROM read_parquet('${world.at("out")}/*')`,
  );
  expect([Number(row?.n), Number(row?.s)]).toEqual([100, 4950]);
});

test("writing twice to one place is refused and leaves the first result (5: write twice duplicated)", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world));
  await frame.writeParquet(world.at("out"));
  const before = await world.list("out");
  const error = await failureOf(frame.writeParquet(world.at("out")));
  expect(error.code).toBe("TARGET_EXISTS");
  expect(error.message).toContain(world.at("out"));
  expect(error.hint).toContain("overwrite");
  expect(await world.list("out")).toEqual(before);
  expect(await world.sp.readParquet(world.at("out")).count()).toBe(100);
});

test("overwrite replaces the directory whole, append adds to it (2.11)", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world));
  await frame.repartition(5).writeParquet(world.at("out"));
  await frame.filter("item < 10").writeParquet(world.at("out"), { mode: "overwrite" });
  expect(await world.sp.readParquet(world.at("out")).count()).toBe(10);
  await frame.filter("item >= 90").writeParquet(world.at("out"), { mode: "append" });
  const items = await column(world.sp.readParquet(world.at("out")).sort("item"), "item");
  expect(items).toEqual([...RANGE_100.slice(0, 10), ...RANGE_100.slice(90)]);
  expect((await world.list("")).filter((name) => name.startsWith("."))).toEqual([]);
});

test("a target on another file system than the job's is written (2.11: /dev/shm raised EXDEV)", async () => {
  await using world = await openWorld();
  const target = `/dev/shm/pond-test-${world.sp.settings.jobId}`;
  try {
    await world.sp
      .readParquet(await hundredRows(world))
      .repartition(3, { hashBy: "item" })
      .writeParquet(target);
    expect(await world.sp.readParquet(target).count()).toBe(100);
  } finally {
    await world.disk.removeTree(target);
  }
});

test("a result computed before is copied, not moved, so it can be written twice and still read (2.11: aliases)", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world)).repartition(3, { hashBy: "item" });
  await frame.compute();
  await frame.writeParquet(world.at("one"));
  await frame.writeParquet(world.at("two"));
  await world.disk.removeTree(world.at("one"));
  expect(await frame.count()).toBe(100);
  expect(await world.sp.readParquet(world.at("two")).count()).toBe(100);
});

test("input files are never part of the output: changing the output changes no input (2.11: hard links)", async () => {
  await using world = await openWorld();
  const path = await hundredRows(world);
  const written = await world.sp.readParquet(path).writeParquet(world.at("out"));
  for (const file of written.files) await world.disk.writeFile(file, "garbage");
  expect(await world.sp.readParquet(path).count()).toBe(100);
});

test("a path that ends in .parquet is one file (2.11)", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world)).repartition(4, { hashBy: "item" });
  const written = await frame.writeParquet(world.at("one.parquet"));
  expect(written.files).toEqual([world.at("one.parquet")]);
  expect(await world.sp.readParquet(world.at("one.parquet")).count()).toBe(100);
  const error = await failureOf(frame.writeParquet(world.at("one.parquet"), { mode: "append" }));
  expect(error.code).toBe("TARGET_EXISTS");
});

test("writeParquetLazy writes once, when it is first computed, and reads what it wrote (1.1)", async () => {
  await using world = await openWorld();
  const frame = world.sp
    .readParquet(await hundredRows(world))
    .repartition(3, { hashBy: "g" })
    .writeParquetLazy(world.at("out"));
  expect(await world.list("out")).toEqual([]);
  expect(await frame.count()).toBe(100);
  const files = await world.list("out");
  expect(await frame.filter("item < 7").count()).toBe(7);
  expect(await world.list("out")).toEqual(files);
});

test("sums wider than 64 bits are written exactly (5: HUGEINT became DOUBLE)", async () => {
  await using world = await openWorld();
  const path = await world.write("wide.parquet", "SELECT 18446744073709551613::UBIGINT AS v FROM range(2)");
  await world.sp.readParquet(path).agg({ total: "sum(v)" }).writeParquet(world.at("out"));
  const [row] = await world.plain.rows(`SELECT total::VARCHAR AS t FROM '${world.at("out")}/*.parquet'`);
  expect(row?.t).toBe("36893488147419103226");
});
