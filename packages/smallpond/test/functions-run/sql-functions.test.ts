/** Functions that SQL calls: in the session's process and in executors, by every type, and what is refused. */
import { expect, test } from "vitest";
import { failureOf } from "../support/failure.ts";
import { column, hundredRows, openWorld } from "../support/world.ts";

const PLACES = [0, 1];

test.each(PLACES)("every SQL text can call it, with %i executors", async (numExecutors) => {
  await using world = await openWorld({ numExecutors });
  const { sp } = world;
  await sp.createFunction("twice", (x: number) => x * 2, { parameters: ["BIGINT"], returns: "BIGINT" });
  await sp.createFunction("shout", (text: string, mark: string) => text.toUpperCase() + mark, {
    parameters: ["VARCHAR", "VARCHAR"],
    returns: "VARCHAR",
  });
  const frame = sp.readParquet(await hundredRows(world));
  const parts = frame.repartition(3, { byRows: true });
  expect(await column(frame.filter("twice(item) >= 190"), "item")).toEqual([95, 96, 97, 98, 99]);
  expect(await frame.map("shout(g, '!') AS s").limit(1).takeAll()).toEqual([{ s: "G0!" }]);
  expect(await sp.sql("SELECT sum(twice(item))::BIGINT AS s FROM {0}", frame).takeAll()).toEqual([
    { s: 9900 },
  ]);
  expect(await column(sp.partialSql("SELECT max(Twice(item)) AS m FROM {0}", parts), "m")).toEqual([
    66, 132, 198,
  ]);
  expect(await frame.repartition(2, { hashBy: "twice(item)" }).count()).toBe(100);
  expect(
    await parts
      .filter("twice(item) < 10")
      .map((row) => ({ i: row.item! }))
      .count(),
  ).toBe(5);
  expect((await frame.sort("twice(item) DESC").take(1))[0]!.item).toBe(99);
});

test("NULL gives NULL without a call, unless the function wants to see it", async () => {
  await using world = await openWorld();
  const { sp } = world;
  await sp.createFunction("length_of", (text: string) => text.length, {
    parameters: ["VARCHAR"],
    returns: "INTEGER",
  });
  await sp.createFunction("is_null", (text: string | null) => text === null, {
    parameters: ["VARCHAR"],
    returns: "BOOLEAN",
    nulls: "pass",
  });
  const rows = sp.sql("SELECT CASE WHEN range % 3 = 0 THEN NULL ELSE 'x' || range END AS s FROM range(5)");
  expect(await column(rows.map("length_of(s) AS n"), "n")).toEqual([null, 2, 2, null, 2]);
  expect(await column(rows.map("is_null(s) AS n"), "n")).toEqual([true, false, false, true, false]);
});

test.each([
  ["BOOLEAN", "true"],
  ["TINYINT", "-7"],
  ["UBIGINT", "18446744073709551615"],
  ["HUGEINT", "170141183460469231731687303715884105727"],
  ["FLOAT", "1.5"],
  ["DECIMAL(18,3)", "12.345"],
  ["VARCHAR", "'a string that is longer than twelve bytes'"],
  ["BLOB", "'\\x00\\xFF'::BLOB"],
  ["DATE", "DATE '2024-02-29'"],
  ["TIMESTAMP", "TIMESTAMP '2024-02-29 12:34:56.789123'"],
  ["TIMESTAMPTZ", "TIMESTAMPTZ '2024-02-29 12:34:56+00'"],
  ["INTERVAL", "INTERVAL '3 months 2 days'"],
  ["UUID", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::UUID"],
  ["VARCHAR[]", "['a', NULL, 'c']"],
  ["STRUCT(a INTEGER, b VARCHAR[])", "{'a': 1, 'b': ['x']}"],
  ["MAP(VARCHAR, INTEGER)", "MAP {'k': 1}"],
  ["INTEGER[3]", "[1, 2, 3]"],
])("a value of %s goes in and comes out as it is", async (type, value) => {
  await using world = await openWorld({ int64: "bigint" });
  const { sp } = world;
  await sp.createFunction("same", (x: unknown) => x, { parameters: [type], returns: type });
  const query = `SELECT same(x) IS NOT DISTINCT FROM x AS ok FROM (SELECT CAST(${value} AS ${type}) AS x FROM range(3000))`;
  expect(await sp.sql(`SELECT bool_and(ok) AS ok, count(*) AS n FROM (${query})`).takeAll()).toEqual([
    { ok: true, n: 3000n },
  ]);
});

test.each(PLACES)(
  "what it throws is told with its name and the user's line, with %i executors",
  async (numExecutors) => {
    await using world = await openWorld({ numExecutors });
    await world.sp.createFunction(
      "picky",
      (x: number) => {
        if (x === 77) throw new RangeError("not seventy-seven");
        return x;
      },
      { parameters: ["BIGINT"], returns: "BIGINT" },
    );
    const frame = world.sp.readParquet(await hundredRows(world)).repartition(2, { byRows: true });
    const error = await failureOf(world.sp.partialSql("SELECT picky(item) AS y FROM {0}", frame).takeAll());
    expect(error.code).toBe("FUNCTION_FAILED");
    expect(error.message).toContain("picky() threw: not seventy-seven");
    expect(error.message).toMatch(/thrown at .*sql-functions\.test\.ts:\d+/);
    expect(await frame.count()).toBe(100);
  },
);

test("async functions are refused, and a promise returned at run time fails the query", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const types = { parameters: ["BIGINT"], returns: "BIGINT" };
  const error = await failureOf(sp.createFunction("later", async (x: number) => x, types));
  expect(error.code).toBe("ASYNC_UDF");
  await sp.createFunction("promised", (x: number) => Promise.resolve(x) as never, types);
  const frame = sp.sql("SELECT promised(range) AS y FROM range(10)");
  const late = await failureOf(frame.takeAll());
  expect(late.code).toBe("ASYNC_UDF");
  expect(late.message).toContain("promised() returned a promise");
});

test("a query that names a refused function says why, also when nobody awaited createFunction", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const types = { parameters: ["BIGINT"], returns: "BIGINT" };
  void sp.createFunction("later", async (x: number) => x, types);
  const frame = sp.sql("SELECT LATER(range) AS y FROM range(10)");
  for (const action of [
    () => frame.takeAll(),
    () => frame.schema(),
    () => frame.count(),
    () => frame.writeParquet(world.at("out")),
  ]) {
    const error = await failureOf(action());
    expect(error.code).toBe("ASYNC_UDF");
    expect(error.message).toContain("later is an async function");
    expect(error.message).toContain("SELECT LATER(range)");
  }
  expect((await failureOf(sp.sql("SELECT nobody(1)").takeAll())).code).toBe("SQL_BINDING");
  await sp.createFunction("later", (x: number) => x, types);
  expect(await frame.count()).toBe(10);
});

test("a result that does not fit is an error with the value, and not another value", async () => {
  await using world = await openWorld();
  const types = { parameters: ["BIGINT"], returns: "TINYINT" };
  await world.sp.createFunction("big", (x: number) => x * 100, types);
  const error = await failureOf(world.sp.sql("SELECT big(range) AS y FROM range(10)").takeAll());
  expect(error.code).toBe("FUNCTION_RESULT");
  expect(error.message).toContain("big() returned 200, which does not fit TINYINT");
});

test.each([
  ["abs", "FUNCTION_EXISTS"],
  ["MAX", "FUNCTION_EXISTS"],
  ["coalesce", "FUNCTION_EXISTS"],
  ["select", "FUNCTION_EXISTS"],
  ["9lives", "BAD_ARGUMENT"],
  ["a-b", "BAD_ARGUMENT"],
])("the name %s is refused", async (name, code) => {
  await using world = await openWorld();
  const created = world.sp.createFunction(name, (x: number) => x, {
    parameters: ["BIGINT"],
    returns: "BIGINT",
  });
  expect((await failureOf(created)).code).toBe(code);
});

test("a second function of a name is refused in any case, and unknown types and options are told", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const types = { parameters: ["BIGINT"], returns: "BIGINT" };
  await sp.createFunction("mine", (x: number) => x, types);
  expect((await failureOf(sp.createFunction("MINE", (x: number) => x, types))).code).toBe("FUNCTION_EXISTS");
  const wrong = await failureOf(
    sp.createFunction("other", (x: number) => x, { ...types, returns: "NUMBERS" }),
  );
  expect(wrong.message).toContain("NUMBERS");
  const options = { ...types, kind: "fast" };
  expect((await failureOf(sp.createFunction("third", (x: number) => x, options))).message).toContain("kind");
  const state = { setup: () => 1, call: (x: number) => x };
  expect((await failureOf(sp.createFunction("fourth", state as never, types))).code).toBe("BAD_ARGUMENT");
});

test("args come after the parameters, a closure stays in the process, and one that cannot travel is told", async () => {
  await using world = await openWorld({ numExecutors: 1 });
  const { sp } = world;
  const types = { parameters: ["BIGINT"], returns: "BIGINT" };
  await sp.createFunction("scaled", (x: number, { by }: { by: number }) => x * by, {
    ...types,
    args: { by: 3 },
  });
  const offset = [5];
  await sp.createFunction("shifted", (x: number) => x + offset[0]!, { ...types, inProcess: true });
  const parts = sp.readParquet(await hundredRows(world)).repartition(2, { byRows: true });
  const query = "SELECT max(scaled(item)) AS a, max(shifted(item)) AS b FROM {0}";
  expect(await sp.partialSql(query, parts).takeAll()).toEqual([
    { a: 147, b: 54 },
    { a: 297, b: 104 },
  ]);
  const free = await failureOf(sp.createFunction("free", (x: number) => x + offset[0]!, types));
  expect(free.code).toBe("FREE_VARIABLE");
  expect(free.message).toContain("offset");
});

test("a query waits for a function that nobody awaited, and an unknown one is DuckDB's own error", async () => {
  await using world = await openWorld();
  void world.sp.createFunction("soon", (x: number) => x + 1, { parameters: ["BIGINT"], returns: "BIGINT" });
  expect(await column(world.sp.sql("SELECT soon(41) AS y"), "y")).toEqual([42]);
  const error = await failureOf(world.sp.sql("SELECT never(41) AS y").takeAll());
  expect(error.code).toBe("SQL_BINDING");
  expect(error.message).toContain("never");
});

test("a volatile function is called for every row, and its frame is kept where it is read twice", async () => {
  await using world = await openWorld();
  let calls = 0;
  await world.sp.createFunction("counted", () => ++calls, {
    parameters: [],
    returns: "BIGINT",
    volatile: true,
    inProcess: true,
  });
  const frame = world.sp.sql("SELECT counted() AS y FROM range(5000)");
  expect(await world.sp.sql("SELECT count(DISTINCT y) AS n FROM {0}", frame).takeAll()).toEqual([
    { n: 5000 },
  ]);
  const numbered = world.sp.readParquet(await hundredRows(world)).withColumns({ y: "counted()" });
  const both = world.sp.sql("SELECT count(*) AS n FROM {0} a JOIN {0} b ON a.y = b.y", numbered);
  expect(await both.takeAll()).toEqual([{ n: 100 }]);
});

test("closing the session while SQL calls a function ends both", async () => {
  await using world = await openWorld();
  await world.sp.createFunction("spin", (x: number) => x % 7, { parameters: ["BIGINT"], returns: "BIGINT" });
  const job = world.sp.sql("SELECT sum(spin(range)) AS s FROM range(2000000000)").takeAll();
  const ended = job.then(
    () => "done",
    () => "failed",
  );
  await new Promise((resolve) => setTimeout(resolve, 300));
  await world.sp.close();
  expect(await ended).toBe("failed");
});
