/** Reference 2.6: what fusing SQL did to limits, placeholders, braces and frames that are used twice. */
import { expect, test } from "vitest";
import { failureOf } from "../support/failure.ts";
import { column, hundredRows, openWorld } from "../support/world.ts";

test("SQL on top of a limit keeps the limit global (2.6: 20 rows for limit 5)", async () => {
  await using world = await openWorld();
  const limited = world.sp
    .readParquet(await hundredRows(world))
    .repartition(4, { byRows: true })
    .limit(5);
  expect((await limited.filter("true").takeAll()).length).toBe(5);
  expect((await world.sp.partialSql("SELECT * FROM {0}", limited).takeAll()).length).toBe(5);
  expect((await world.sp.sql("SELECT item + 1 AS i FROM {0}", limited).takeAll()).length).toBe(5);
  expect(await limited.select("item").repartition(3, { hashBy: "item" }).count()).toBe(5);
});

test("limit counts over all partitions, and 0 is no rows (1.1)", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world)).repartition(4, { hashBy: "item" });
  expect(await frame.limit(7).count()).toBe(7);
  expect(await frame.limit(0).takeAll()).toEqual([]);
  expect(await frame.limit(1000).count()).toBe(100);
});

test("a column of an input can be named through its placeholder: {0}.item (2.6)", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world)).repartition(2);
  const rows = await world.sp
    .partialSql("SELECT {0}.item AS i FROM {0} WHERE {0}.item < 3 ORDER BY {0}.item", frame)
    .filter("i >= 0")
    .takeAll();
  expect(rows).toEqual([{ i: 0 }, { i: 1 }, { i: 2 }]);
});

test("struct literals and braces of other names stay as they are (2.6: literal braces had to be doubled)", async () => {
  await using world = await openWorld();
  const frame = world.sp.fromItems([{ a: 1 }]);
  const rows = await world.sp
    .partialSql(
      `SELECT {'x': a, 'y': {'z': 2}} AS s, '{0} {other} {{0}}' AS t, "{odd}" AS o
       FROM (SELECT a, 3 AS "{odd}" FROM {0}) -- {0} {missing}`,
      frame,
    )
    .takeAll();
  expect(rows).toEqual([{ s: { x: 1, y: { z: 2 } }, t: "{0} {other} {{0}}", o: 3 }]);
});

test("placeholders of the outer query work after other SQL (2.6: only {0} survived fusion)", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const frame = sp.readParquet(await hundredRows(world)).repartition(3, { hashBy: "item" });
  const names = sp.fromItems([{ g: "g1", name: "one" }]);
  const inner = sp.partialSql("SELECT item, g FROM {0} WHERE item < 20", frame);
  const outer = sp.partialSql("SELECT {0}.item, {1}.name FROM {0} JOIN {1} USING (g)", inner, names);
  expect(await column(outer.sort("item"), "item")).toEqual([1, 8, 15]);
  const named = sp.partialSql("SELECT {f}.item FROM {f} JOIN n USING (g)", { f: inner, n: names });
  expect(await column(named.sort("item"), "item")).toEqual([1, 8, 15]);
});

test("a name in braces that no input has is a clear error (2.6)", async () => {
  await using world = await openWorld();
  const frame = world.sp.fromItems([{ a: 1 }]);
  const error = await failureOf(world.sp.partialSql("SELECT * FROM {1}", frame).takeAll());
  expect(error.code).toBe("SQL_SYNTAX");
  expect(error.message).toContain("{1}");
  expect(error.message).toContain("{0}");
});

test("a frame with random() that is used twice is computed once (2.6: children ran twice)", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const drawn = sp.readParquet(await hundredRows(world)).withColumns({ r: "random()" });
  const same = "SELECT count(*) AS n FROM {0} a JOIN {1} b ON a.item = b.item AND a.r = b.r";
  expect(await column(sp.sql(same, drawn, drawn.filter("true")), "n")).toEqual([100]);
  expect(await column(sp.sql(same.replaceAll("{1}", "{0}"), drawn), "n")).toEqual([100]);
});

test("a frame with random() that is used twice across partitions is computed once (2.6)", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const drawn = sp.readParquet(await hundredRows(world)).withColumns({ r: "random()" });
  const left = drawn.repartition(3, { hashBy: "item" });
  const right = drawn.repartition(3, { hashBy: "item" });
  const same = "SELECT count(*) AS n FROM {0} a JOIN {1} b ON a.item = b.item AND a.r = b.r";
  const counts = await column(sp.partialSql(same, left, right), "n");
  expect(counts.reduce((sum, n) => sum + n, 0)).toBe(100);
});

test("a partitioned query with random() that is used twice is computed once (2.6)", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const parts = sp.readParquet(await hundredRows(world)).repartition(3, { hashBy: "item" });
  const drawn = sp.partialSql("SELECT *, random() AS r FROM {0}", parts);
  const same = "SELECT count(*) AS n FROM {0} a JOIN {1} b ON a.item = b.item AND a.r = b.r";
  const counts = await column(sp.partialSql(same, drawn, drawn.filter("r >= 0")), "n");
  expect(counts.reduce((sum, n) => sum + n, 0)).toBe(100);
});

test("a query without inputs runs once (1.1: zero inputs = one partition)", async () => {
  await using world = await openWorld();
  expect(await world.sp.partialSql("SELECT 42 AS a").takeAll()).toEqual([{ a: 42 }]);
});

test("the text of a query that fails is in the error (3: SQL text in error)", async () => {
  await using world = await openWorld();
  const query = "SELECT nothing_called_this FROM {0}";
  const error = await failureOf(
    world.sp.partialSql(query, world.sp.fromItems([{ a: 1 }]).repartition(2)).takeAll(),
  );
  expect(error.code).toBe("SQL_BINDING");
  expect(error.message).toContain(query);
});

test("SQL after SQL after a sort keeps the order of the last sort (2.6: fusion over sorts)", async () => {
  await using world = await openWorld();
  const frame = world.sp
    .readParquet(await hundredRows(world))
    .repartition(4, { hashBy: "item" })
    .sort("item DESC")
    .select("item * 2 AS twice");
  expect((await column(frame, "twice")).slice(0, 3)).toEqual([198, 196, 194]);
});
