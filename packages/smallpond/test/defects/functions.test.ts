/** Reference 2.7, 2.8 and 5: what functions are called with, and how often. */
import { expect, test } from "vitest";
import type { DataFrame, Row } from "../../src/index.ts";
import { failureOf } from "../support/failure.ts";
import { column, hundredRows, openWorld, type World } from "../support/world.ts";

const SOURCES: Readonly<Record<string, (world: World) => Promise<DataFrame>>> = {
  Parquet: async (world) => world.sp.readParquet(await hundredRows(world)),
  CSV: async (world) => world.sp.readCsv(await hundredRows(world, "csv")),
  JSON: async (world) => world.sp.readJson(await hundredRows(world, "json")),
  items: async (world) => world.sp.fromItems(Array.from({ length: 100 }, (_, item) => ({ item, g: "g" }))),
  SQL: async (world) => world.sp.sql("SELECT range AS item, 'g' AS g FROM range(100)"),
};

test.each(Object.keys(SOURCES))(
  "map, flatMap and filter take functions over %s (5: failed on CSV, Pandas)",
  async (kind) => {
    await using world = await openWorld();
    const frame = await SOURCES[kind]!(world);
    for (const input of [
      frame,
      frame.repartition(3, { byRows: true }),
      frame.repartition(3, { hashBy: "item" }),
    ]) {
      const doubled = await column(
        input.map((row) => ({ twice: (row.item as number) * 2 })),
        "twice",
      );
      expect(doubled.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i * 2));
      const flat = input.flatMap((row) => ((row.item as number) < 3 ? [row, row] : []));
      expect(await flat.count()).toBe(6);
      expect(await input.filter((row) => (row.item as number) < 7).count()).toBe(7);
      expect(await input.filter(async (row) => (row.item as number) < 7).count()).toBe(7);
    }
  },
);

test("map, flatMap and filter take SQL too (1.1)", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world));
  expect(await frame.map("item * 2 AS twice").filter("twice < 6").takeAll()).toEqual([
    { twice: 0 },
    { twice: 2 },
    { twice: 4 },
  ]);
  expect(await frame.flatMap("unnest([item, item]) AS i").count()).toBe(200);
});

test("a function is called once per row by takeAll: 100 calls for 100 rows (2.7)", async () => {
  await using world = await openWorld();
  const { frame, calls } = await counted(world);
  expect((await frame.takeAll()).length).toBe(100);
  expect(calls()).toBe(100);
});

test("a computed frame calls its function no more: not for take, count or derived frames (2.7: 100 → 200 → 300)", async () => {
  await using world = await openWorld();
  const { frame, calls } = await counted(world);
  expect(frame.isComputed()).toBe(false);
  await frame.compute();
  expect(frame.isComputed()).toBe(true);
  expect(calls()).toBe(100);
  await frame.takeAll();
  await frame.take(5);
  await frame.count();
  expect(await frame.filter("y > 50").count()).toBe(49);
  expect(await frame.repartition(3, { hashBy: "y" }).count()).toBe(100);
  expect(calls()).toBe(100);
});

test("what a function returned is kept within a session, also when nobody called compute (2.7)", async () => {
  await using world = await openWorld();
  const { frame, calls } = await counted(world);
  await frame.takeAll();
  await frame.takeAll();
  expect(await frame.filter("y > 50").count()).toBe(49);
  expect(calls()).toBe(100);
});

test("both branches of a diamond see one run of the function (2.7)", async () => {
  await using world = await openWorld();
  const { frame, calls } = await counted(world);
  const both = frame.filter("y < 10").union(frame.filter("y >= 10"));
  expect(await both.count()).toBe(100);
  expect(calls()).toBe(100);
});

test("take(5) calls the function for 5 rows (3: limit-pushdown, skipped there)", async () => {
  await using world = await openWorld();
  const { frame, calls } = await counted(world);
  expect((await frame.take(5)).length).toBe(5);
  expect(calls()).toBe(5);
  expect(frame.isComputed()).toBe(false);
  expect((await frame.takeAll()).length).toBe(100);
});

test("recompute runs the frame anew and makes derived frames new too (2.7)", async () => {
  await using world = await openWorld();
  let factor = 1;
  const frame = world.sp
    .readParquet(await hundredRows(world))
    .map((row) => ({ y: (row.item as number) * factor }), { inProcess: true });
  const derived = frame.filter("y = 99 OR y = 990");
  await frame.compute();
  await derived.compute();
  expect(await column(derived, "y")).toEqual([99]);
  factor = 10;
  expect(await column(derived, "y")).toEqual([99]);
  await frame.recompute();
  expect(frame.isComputed()).toBe(true);
  expect(derived.isComputed()).toBe(false);
  expect(await column(derived, "y")).toContain(990);
});

test("recompute of a derived frame does not run what it is made from again (2.7)", async () => {
  await using world = await openWorld();
  const { frame, calls } = await counted(world);
  await frame.compute();
  const derived = await frame.filter("y < 3").compute();
  await derived.recompute();
  expect(calls()).toBe(100);
});

test("a function that throws is called once for the row, and named with the row, its error and its line (2.8)", async () => {
  await using world = await openWorld();
  let calls = 0;
  const explode = (row: Row): { y: number } => {
    calls++;
    if (row.item === 7) throw new TypeError("seven");
    return { y: 1 };
  };
  const frame = world.sp.readParquet(await hundredRows(world)).map(explode, { inProcess: true });
  const error = await failureOf(frame.takeAll());
  expect(error.code).toBe("FUNCTION_FAILED");
  expect(error.message).toContain("explode() threw at row 7");
  expect(error.message).toContain("seven");
  expect(error.message).toContain("functions.test.ts");
  expect(calls).toBe(8);
  expect(await world.sp.readParquet(world.at("data")).count()).toBe(100);
});

test.each([
  ["a number", () => 5],
  ["nothing", () => undefined],
  ["an array", () => [1]],
])("map of a function that returns %s is a clear error (5)", async (_, fn) => {
  await using world = await openWorld();
  const frame = world.sp.fromItems([{ a: 1 }]).map(fn as never);
  const error = await failureOf(frame.takeAll());
  expect(error.code).toBe("FUNCTION_RESULT");
  expect(error.message).toContain("must return an object");
});

test("the columns of a function are inferred from all rows, or given (1.1)", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world));
  const inferred = frame.map((row) =>
    (row.item as number) === 0 ? { a: null } : { a: (row.item as number) / 2 },
  );
  expect(await inferred.schema()).toEqual([{ name: "a", type: "DOUBLE" }]);
  const given = frame.map((row) => ({ a: row.item! }), { schema: { a: "DECIMAL(9,2)" } });
  expect(await given.schema()).toEqual([{ name: "a", type: "DECIMAL(9,2)" }]);
  expect(await given.agg({ s: "sum(a)::VARCHAR" }).takeAll()).toEqual([{ s: "4950.00" }]);
});

async function counted(world: World): Promise<{ frame: DataFrame; calls: () => number }> {
  let calls = 0;
  const frame = world.sp.readParquet(await hundredRows(world)).map(
    (row) => {
      calls++;
      return { y: row.item! };
    },
    { inProcess: true },
  );
  return { frame, calls: () => calls };
}
