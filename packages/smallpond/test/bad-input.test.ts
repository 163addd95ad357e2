/** What people get wrong: each error has a code, names the file or the SQL and the line of the script, and leaves nothing. */
import { readFile, writeFile } from "node:fs/promises";
import type { PondError } from "@smallpond/base";
import { describe, expect, test } from "vitest";
import type { DataFrame } from "../src/index.ts";
import { failureOf, here } from "./support/failure.ts";
import { hundredRows, openWorld, type World } from "./support/world.ts";

/** Runs the frame in every way that could fail, and checks that the session survives and nothing is left behind. */
async function failuresOf(world: World, frame: DataFrame): Promise<PondError[]> {
  const before = await world.list("");
  const errors = [
    await failureOf(frame.takeAll()),
    await failureOf(frame.writeParquet(world.at("target"))),
    await failureOf(
      world.sp.partialSql("SELECT * FROM {0}", frame.repartition(2, { random: true })).takeAll(),
    ),
  ];
  expect(await world.list("")).toEqual(before);
  expect(await world.sp.sql("SELECT 42 AS a").takeAll()).toEqual([{ a: 42 }]);
  return errors;
}

async function expectFailure(
  world: World,
  frame: DataFrame,
  expected: { code: string; names: readonly string[]; line: string; hint?: string },
): Promise<void> {
  for (const error of await failuresOf(world, frame)) {
    expect(error.code).toBe(expected.code);
    for (const name of expected.names) expect(error.message).toContain(name);
    expect(error.message).toContain(expected.line);
    if (expected.hint !== undefined) expect(error.hint).toContain(expected.hint);
  }
}

describe("files", () => {
  test("a file that is not there", async () => {
    await using world = await openWorld();
    const [frame, line] = [world.sp.readParquet(world.at("missing.parquet")), here()];
    await expectFailure(world, frame, {
      code: "FILE_NOT_FOUND",
      names: [world.at("missing.parquet")],
      line,
      hint: "path",
    });
  });

  test("a glob that matches nothing", async () => {
    await using world = await openWorld();
    const [frame, line] = [world.sp.readCsv(world.at("no-*.csv")), here()];
    await expectFailure(world, frame, {
      code: "FILE_NOT_FOUND",
      names: ["no file matches", "no-*.csv"],
      line,
      hint: "pattern",
    });
  });

  test("a directory without files of the kind", async () => {
    await using world = await openWorld();
    await hundredRows(world, "csv");
    const [frame, line] = [world.sp.readParquet(world.at("data")), here()];
    await expectFailure(world, frame, {
      code: "FILE_NOT_FOUND",
      names: [world.at("data"), ".parquet"],
      line,
    });
  });

  test("no path at all", async () => {
    await using world = await openWorld();
    expect((await failureOf(() => world.sp.readParquet([]))).code).toBe("FILE_NOT_FOUND");
  });

  test("a Parquet file that was cut", async () => {
    await using world = await openWorld();
    await hundredRows(world);
    const bytes = await readFile(world.at("data/b.parquet"));
    await writeFile(world.at("data/b.parquet"), bytes.subarray(0, bytes.length - 20));
    const [frame, line] = [world.sp.readParquet(world.at("data/*.parquet")), here()];
    await expectFailure(world, frame, {
      code: "FILE_CORRUPT",
      names: ["data/b.parquet"],
      line,
      hint: "truncated",
    });
  });

  test("a Parquet file of no bytes", async () => {
    await using world = await openWorld();
    await writeFile(world.at("none.parquet"), "");
    const [frame, line] = [world.sp.readParquet(world.at("none.parquet")), here()];
    await expectFailure(world, frame, { code: "FILE_CORRUPT", names: ["none.parquet"], line });
  });

  test("a Parquet file that is text", async () => {
    await using world = await openWorld();
    await writeFile(world.at("text.parquet"), "a,b\n1,2\n".repeat(10));
    const [frame, line] = [world.sp.readParquet(world.at("text.parquet")), here()];
    await expectFailure(world, frame, { code: "FILE_CORRUPT", names: ["text.parquet"], line });
  });

  test("a Parquet file with a page that rotted", async () => {
    await using world = await openWorld();
    const path = await world.write(
      "rot.parquet",
      "SELECT range AS item, 'text ' || range AS t FROM range(5000)",
    );
    const bytes = await readFile(path);
    bytes.fill(0xa5, 40, Math.floor(bytes.length / 2));
    await writeFile(path, bytes);
    const [frame, line] = [world.sp.readParquet(path), here()];
    await expectFailure(world, frame, { code: "FILE_CORRUPT", names: [], line });
  });

  test("files of which one lacks a column", async () => {
    await using world = await openWorld();
    await world.write("mixed/a.parquet", "SELECT 1 AS item, 2 AS extra");
    await world.write("mixed/b.parquet", "SELECT 3 AS item");
    const [frame, line] = [world.sp.readParquet(world.at("mixed")), here()];
    const expected = {
      code: "FILE_SCHEMA_MISMATCH",
      names: ["mixed/b.parquet", "extra"],
      line,
      hint: "unionByName",
    };
    await expectFailure(world, frame, expected);
    const united = world.sp.readParquet(world.at("mixed"), { unionByName: true });
    expect(await united.sort("item").takeAll()).toEqual([
      { item: 1, extra: 2 },
      { item: 3, extra: null },
    ]);
    const parts = united.repartition(2, { byFiles: true });
    expect(await world.sp.partialSql("SELECT item, extra FROM {0}", parts).takeAll()).toEqual([
      { item: 1, extra: 2 },
      { item: 3, extra: null },
    ]);
  });

  test("files of which one has a value of another type", async () => {
    await using world = await openWorld();
    await world.write("typed/a.parquet", "SELECT 1 AS item");
    await world.write("typed/b.parquet", "SELECT 'three' AS item");
    const [frame, line] = [world.sp.readParquet(world.at("typed")), here()];
    for (const error of await failuresOf(world, frame)) {
      expect(["FILE_SCHEMA_MISMATCH", "SQL_VALUE"]).toContain(error.code);
      expect(error.message).toContain("three");
      expect(error.message).toContain(line);
    }
  });

  test("a CSV value that is not of the schema's type, in the middle of a file", async () => {
    await using world = await openWorld();
    const lines = Array.from({ length: 5000 }, (_, i) => (i === 3210 ? "oops" : String(i)));
    await writeFile(world.at("bad.csv"), `item\n${lines.join("\n")}\n`);
    const [frame, line] = [world.sp.readCsv(world.at("bad.csv"), { schema: { item: "BIGINT" } }), here()];
    await expectFailure(world, frame, { code: "SQL_VALUE", names: ["bad.csv", "oops", "3212"], line });
  });

  test("JSON that is broken in the middle", async () => {
    await using world = await openWorld();
    await writeFile(world.at("bad.json"), `{"a":1}\n{"a":\n{"a":3}\n`);
    const [frame, line] = [world.sp.readJson(world.at("bad.json")), here()];
    for (const error of await failuresOf(world, frame)) {
      expect(error.message).toContain("bad.json");
      expect(error.message).toContain(line);
    }
  });

  test("a directory given as a file to write, and a file as a directory", async () => {
    await using world = await openWorld();
    const frame = world.sp.readParquet(await hundredRows(world));
    await world.disk.mkdir(world.at("dir.parquet"));
    expect((await failureOf(frame.writeParquet(world.at("dir.parquet"), { mode: "overwrite" }))).code).toBe(
      "TARGET_EXISTS",
    );
    await writeFile(world.at("file"), "x");
    expect((await failureOf(frame.writeParquet(world.at("file"), { mode: "overwrite" }))).code).toBe(
      "TARGET_EXISTS",
    );
    expect((await readFile(world.at("file"))).toString()).toBe("x");
  });

  test("a target below a directory that is not there, or that is a file", async () => {
    await using world = await openWorld();
    const frame = world.sp.readParquet(await hundredRows(world));
    await frame.writeParquet(world.at("new/deep/out"));
    expect(await world.sp.readParquet(world.at("new/deep/out")).count()).toBe(100);
    await writeFile(world.at("file"), "x");
    const error = await failureOf(frame.writeParquet(world.at("file/out")));
    expect(error.message).toContain(world.at("file/out"));
  });
});

describe("SQL", () => {
  const cases: readonly [string, string, string, readonly string[]][] = [
    ["a syntax error", "SELEC * FROM {0}", "SQL_SYNTAX", ["SELEC", "syntax error"]],
    ["an unknown column", "SELECT nope FROM {0}", "SQL_BINDING", ['"nope" not found']],
    ["an unknown table", "SELECT * FROM {0}, elsewhere", "SQL_BINDING", ["elsewhere"]],
    ["an unknown function", "SELECT frobnicate(item) FROM {0}", "SQL_BINDING", ["frobnicate"]],
    ["types that do not fit", "SELECT item + DATE '2020-01-01' + 'x' FROM {0}", "SQL_BINDING", []],
    ["two statements", "SELECT 1; SELECT 2", "SQL_SYNTAX", ["2 statements"]],
    ["no query", "CREATE TABLE x (a INT)", "SQL_SYNTAX", ["one SELECT query"]],
    ["nothing", "", "SQL_SYNTAX", []],
  ];

  test.each(cases)("%s in sql and partialSql", async (_, query, code, names) => {
    await using world = await openWorld();
    const input = world.sp.readParquet(await hundredRows(world)).repartition(2);
    const [one, line] = [world.sp.sql(query, input), here()];
    await expectFailure(world, one, { code, names: [query, ...names], line });
    const [other, line2] = [world.sp.partialSql(query, input), here()];
    await expectFailure(world, other, { code, names: [query, ...names], line: line2 });
  });

  test("a value that cannot be converted, in the middle of the rows", async () => {
    await using world = await openWorld();
    const input = world.sp.readParquet(await hundredRows(world)).repartition(2, { byRows: true });
    const query = "SELECT CASE WHEN item = 77 THEN 'x' ELSE '1' END::INTEGER AS i FROM {0}";
    const [one, line] = [world.sp.sql(query, input), here()];
    await expectFailure(world, one, { code: "SQL_VALUE", names: [query, "'x'"], line });
    const [other, line2] = [world.sp.partialSql(query, input), here()];
    await expectFailure(world, other, { code: "SQL_VALUE", names: [query, "'x'"], line: line2 });
  });

  test("a frame that nobody passed, and values that are no frames", async () => {
    await using world = await openWorld();
    const frame = world.sp.fromItems([{ a: 1 }]);
    const [one, line] = [world.sp.sql("SELECT * FROM {f} JOIN {g} USING (a)", { f: frame }), here()];
    await expectFailure(world, one, { code: "SQL_SYNTAX", names: ["{g}", "{f}"], line });
    for (const bad of [5, "x", null, { f: 5 }, [frame]]) {
      expect((await failureOf(() => world.sp.sql("SELECT 1", bad as never))).code).toBe("BAD_INPUT");
    }
  });
});

describe("verbs", () => {
  const verbs: Readonly<Record<string, (frame: DataFrame, other: DataFrame) => DataFrame>> = {
    select: (frame) => frame.select("item", "nope"),
    withColumns: (frame) => frame.withColumns({ x: "nope + 1" }),
    filter: (frame) => frame.filter("nope > 1"),
    drop: (frame) => frame.drop("nope"),
    rename: (frame) => frame.rename({ nope: "x" }),
    groupBy: (frame) => frame.groupBy("nope").agg({ n: "count(*)" }),
    agg: (frame) => frame.groupBy("g").agg({ n: "sum(nope)" }),
    join: (frame, other) => frame.join(other, { on: "nope" }),
    "join by pairs": (frame, other) => frame.join(other, { on: { left: "item", right: "nope" } }),
    "join in partitions": (frame, other) => frame.join(other, { on: "nope", partitions: 3 }),
    sort: (frame) => frame.sort("nope"),
    "sort in partitions": (frame) => frame.sort("nope", { partitions: 3 }),
    distinct: (frame) => frame.distinct("nope"),
    "repartition hashBy": (frame) => frame.repartition(3, { hashBy: "nope" }),
    "repartition by": (frame) => frame.repartition(3, { by: "nope" }),
    "repartition rangeBy": (frame) => frame.repartition(3, { rangeBy: "nope" }),
    partialSort: (frame) => frame.repartition(3).partialSort("nope"),
    "columns of readParquet": (frame) => frame,
  };

  test.each(Object.keys(verbs))("%s of a column that is not there", async (verb) => {
    await using world = await openWorld();
    const path = await hundredRows(world);
    const options = verb === "columns of readParquet" ? { columns: ["item", "nope"] } : {};
    const frame = verbs[verb]!(world.sp.readParquet(path, options), world.sp.readParquet(path));
    // Repartitions and sorts that nobody observes are left out, so the frame is computed.
    const error = await failureOf(frame.compute());
    expect(["SQL_BINDING", "UNKNOWN_COLUMN"]).toContain(error.code);
    expect(error.message).toContain("nope");
    expect(error.message).toContain("bad-input.test.ts");
    expect(`${error.message} ${error.hint}`).toContain("item");
    expect(await world.sp.readParquet(path).count()).toBe(100);
  });

  test.each([
    ["select", (f: DataFrame) => f.select()],
    ["drop", (f: DataFrame) => f.drop()],
    ["limit", (f: DataFrame) => f.limit(-1)],
    ["limit", (f: DataFrame) => f.limit(1.5)],
    ["sort", (f: DataFrame) => f.sort([])],
    ["join", (f: DataFrame) => f.join(f)],
    ["join", (f: DataFrame) => f.join(f, { on: "item", how: "sideways" as never })],
    ["join", (f: DataFrame) => f.join(f, { on: { left: ["a", "b"], right: "a" } })],
    ["repartition", (f: DataFrame) => f.repartition(0)],
    ["repartition", (f: DataFrame) => f.repartition(2.5)],
    ["repartition", (f: DataFrame) => f.repartition(70_000)],
    ["repartition", (f: DataFrame) => f.repartition(2, { hashBy: [] })],
    ["repartition", (f: DataFrame) => f.repartition(2, { hashBy: "item", byRows: true })],
    ["repartition", (f: DataFrame) => f.repartition(2, { seed: 1 })],
    ["agg", (f: DataFrame) => f.agg({})],
    ["map", (f: DataFrame) => f.map(5 as never)],
  ])("%s refuses arguments that mean nothing, at once (%#)", async (verb, call) => {
    await using world = await openWorld();
    const error = await failureOf(() => call(world.sp.fromItems([{ item: 1 }])));
    expect(error.code).toBe("BAD_ARGUMENT");
    expect(error.message).toContain(`${verb}()`);
  });

  test("a join with something that is no frame is refused at once", async () => {
    await using world = await openWorld();
    const frame = world.sp.fromItems([{ item: 1 }]);
    expect((await failureOf(() => frame.join("other" as never, { on: "item" }))).code).toBe("BAD_INPUT");
    expect((await failureOf(() => frame.union([5] as never))).code).toBe("BAD_INPUT");
  });

  test("a frame of another session is refused, by its name", async () => {
    await using world = await openWorld();
    await using other = await world.open();
    const [mine, theirs] = [world.sp.fromItems([{ item: 1 }]), other.fromItems([{ item: 2 }])];
    expect((await failureOf(async () => await mine.union(theirs).takeAll())).message).toMatch(/session/);
    expect((await failureOf(async () => await mine.join(theirs, { on: "item" }).takeAll())).message).toMatch(
      /session/,
    );
    expect(
      (await failureOf(async () => await world.sp.sql("SELECT * FROM {0}", theirs).takeAll())).message,
    ).toMatch(/session/);
  });

  test("expressions that try to be more than expressions are refused", async () => {
    await using world = await openWorld();
    const frame = world.sp.readParquet(await hundredRows(world));
    for (const one of [
      frame.filter("true) UNION ALL SELECT 1, 'x' --"),
      frame.filter("item > 1 ORDER BY item"),
      frame.select("1 FROM (SELECT 2)"),
      frame.sort("item LIMIT 1"),
      frame.repartition(2, { hashBy: "item) --" }),
    ]) {
      const error = await failureOf(one.compute());
      expect(["SQL_SYNTAX", "SQL_BINDING"]).toContain(error.code);
      expect(error.message).toContain("bad-input.test.ts");
    }
  });
});

describe("init", () => {
  test.each([
    [{ jobId: "not hex" }, "job id"],
    [{ jobTime: "yesterday" }, "jobTime"],
    [{ numExecutors: -1 }, "numExecutors"],
    [{ numExecutors: 1.5 }, "numExecutors"],
    [{ threads: 0 }, "threads"],
    [{ memory: "lots" }, ""],
    [{ memory: 5 }, "memory"],
    [{ timeZone: "Mars/Olympus" }, ""],
    [{ platform: "mpi" as never }, "platform"],
    [{ memoryAllocator: "mimalloc" as never }, "memoryAllocator"],
    [{ bindNumaNode: true as never }, "bindNumaNode"],
  ])("refuses %j", async (options, named) => {
    await using world = await openWorld();
    const error = await failureOf(world.open(options));
    expect(error.kind).toBe("invalid");
    expect(error.message).toContain(named);
  });
});
