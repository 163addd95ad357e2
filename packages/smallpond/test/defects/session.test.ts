/** Reference 1.1, 2.7, 2.13: how a session starts, what it may reuse, what it leaves behind. */
import { expect, test } from "vitest";
import { init } from "../../src/index.ts";
import { failureOf } from "../support/failure.ts";
import { column, hundredRows, openWorld } from "../support/world.ts";

const JOB = "0123456789abcdef0123456789abcdef";

test("edited SQL with the same job id and time returns new data (2.7: stale data)", async () => {
  await using world = await openWorld();
  const path = await hundredRows(world);
  const answers: number[] = [];
  for (const query of ["SELECT count(*) AS n FROM {0}", "SELECT count(*) + 1000 AS n FROM {0}"]) {
    await using sp = await world.open({ jobId: JOB, jobTime: "2026-01-01T00:00:00Z" });
    const parts = sp.readParquet(path).repartition(2, { hashBy: "item" });
    const counts = await column(sp.partialSql(query, parts), "n");
    answers.push(counts.reduce((sum, n) => sum + n, 0));
  }
  expect(answers).toEqual([100, 2100]);
});

test("changed input with the same job id and time is read again (2.7)", async () => {
  await using world = await openWorld();
  for (const rows of [10, 20]) {
    const path = await world.write("same.parquet", `SELECT range AS item FROM range(${rows})`);
    await using sp = await world.open({ jobId: JOB, jobTime: 0 });
    expect(await sp.readParquet(path).repartition(2, { hashBy: "item" }).count()).toBe(rows);
    const parts = sp.readParquet(path).repartition(2, { hashBy: "item" });
    expect(await sp.partialSql("SELECT * FROM {0}", parts).count()).toBe(rows);
  }
});

test("isComputed says whether the result is kept (1.1: always false)", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world)).repartition(2, { hashBy: "item" });
  const derived = frame.filter("item > 5");
  expect([frame.isComputed(), derived.isComputed()]).toEqual([false, false]);
  await frame.compute();
  expect([frame.isComputed(), derived.isComputed()]).toEqual([true, false]);
  await world.sp.wait(frame, derived);
  expect(derived.isComputed()).toBe(true);
});

test("an argument of init beats the variable, and the variable the default (1.1: the environment won)", async () => {
  await using world = await openWorld();
  const variables = {
    SP_DATA_ROOT: world.at("from-variable"),
    SP_NUM_EXECUTORS: "3",
    SP_JOBID: JOB,
    SP_THREADS: "2",
  };
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  try {
    await using sp = await init({ dataRoot: world.at("from-argument"), numExecutors: 0 });
    expect(sp.settings).toMatchObject({
      dataRoot: world.at("from-argument"),
      numExecutors: 0,
      jobId: JOB,
      threads: 2,
    });
    await using other = await init();
    expect(other.settings).toMatchObject({ dataRoot: world.at("from-variable"), numExecutors: 3 });
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
});

test.each([
  ["a Date", new Date("2026-03-04T05:06:07Z")],
  ["ISO text", "2026-03-04T05:06:07Z"],
  ["seconds since 1970", 1772600767],
  ["seconds as text", "1772600767"],
])("jobTime may be %s (1.1: documented as seconds, really ISO)", async (_, jobTime) => {
  await using world = await openWorld();
  await using sp = await world.open({ jobTime, jobId: JOB });
  expect(sp.directory).toBe(world.at(`jobs/2026-03-04-05-06-07.${JOB}`));
});

test("a session without executors starts none, and an empty job leaves no directory behind (issue #29, 2.13)", async () => {
  await using world = await openWorld();
  await using sp = await world.open({ numExecutors: 0 });
  const path = await hundredRows(world);
  expect(await sp.readParquet(path).count()).toBe(100);
  expect(sp.executorPids).toEqual([]);
  await sp.close();
  expect(await world.disk.exists(sp.directory)).toBe(false);
});

const REPORTS = ["config", "log", "report.json", "status.json"];

test("closing keeps what a job says about itself, and intermediates only where a failed task reads them (3: session)", async () => {
  await using world = await openWorld();
  const path = await hundredRows(world);
  for (const bad of [false, true]) {
    const sp = await world.open();
    const parts = sp.readParquet(path).repartition(3, { hashBy: "item" });
    await parts.compute();
    if (bad) await failureOf(sp.partialSql("SELECT error('no') FROM {0}", parts).takeAll());
    await sp.close();
    await sp.close();
    const left = (await world.disk.readdir(sp.directory)).map((entry) => entry.name);
    const kept = bad ? ["config", "failed", "log", "report.json", "staging", "status.json"] : REPORTS;
    expect(left).toEqual(kept);
    const report = JSON.parse(
      new TextDecoder().decode(await world.disk.readFile(`${sp.directory}/report.json`)),
    ) as {
      actions: { outcome: string }[];
    };
    expect(report.actions.map((action) => action.outcome)).toEqual(bad ? ["done", "failed"] : ["done"]);
  }
});

test("a closed session refuses new frames and actions, and says so (1.1: shutdown)", async () => {
  await using world = await openWorld();
  const frame = world.sp.fromItems([{ a: 1 }]);
  await world.sp.close();
  expect((await failureOf(() => world.sp.readParquet("x"))).code).toBe("SESSION_CLOSED");
  expect((await failureOf(() => frame.filter("true"))).code).toBe("SESSION_CLOSED");
  expect((await failureOf(frame.takeAll())).code).toBe("SESSION_CLOSED");
  expect((await failureOf(frame.compute())).code).toBe("SESSION_CLOSED");
});

test("no items need a schema, scalars become the column item (1.1: empty rejected)", async () => {
  await using world = await openWorld();
  const error = await failureOf(() => world.sp.fromItems([]));
  expect(error.code).toBe("EMPTY_ITEMS");
  expect(error.hint).toContain("schema");
  expect(await world.sp.fromItems([], { schema: { a: "BIGINT" } }).schema()).toEqual([
    { name: "a", type: "BIGINT" },
  ]);
  expect(await world.sp.fromItems([1, 2]).takeAll()).toEqual([{ item: 1 }, { item: 2 }]);
});

test("items that cannot be columns fail with the row, when they are read (1.1)", async () => {
  await using world = await openWorld();
  const frame = world.sp.fromItems([{ a: 1 }, { a: { b: 2 } }] as never);
  const error = await failureOf(frame.takeAll());
  expect(error.message).toContain("a");
  expect(await world.sp.fromItems([{ a: 1 }]).count()).toBe(1);
});

test("explain names every frame with the line of the script, and the stages that would run (1.2: explain_str)", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world)).repartition(3, { hashBy: "item" });
  const text = await world.sp.partialSql("SELECT * FROM {0}", frame).explain();
  expect(text).toContain("session.test.ts");
  expect(text).toContain("repartition(hash(item; 3))");
});

test("the graph is text that needs no dot program, and the timeline has the tasks (5: needs Graphviz)", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world)).repartition(3, { hashBy: "item" });
  await frame.compute();
  await world.sp.dumpGraph(world.at("graph.mmd"));
  await world.sp.dumpTimeline(world.at("timeline.json"));
  const read = async (name: string): Promise<string> =>
    new TextDecoder().decode(await world.disk.readFile(world.at(name)));
  expect(await read("graph.mmd")).toContain("flowchart TD");
  expect(
    (JSON.parse(await read("timeline.json")) as { traceEvents: unknown[] }).traceEvents.length,
  ).toBeGreaterThan(0);
});

test("a CSV without a header, with any separator, is read as the options say (1.1: no header option; 5: merge forgot it)", async () => {
  await using world = await openWorld();
  await world.disk.mkdir(world.at("tsv"));
  await world.disk.writeFile(world.at("tsv/a.csv"), "host1\turl1\nhost2\turl2\n");
  await world.disk.writeFile(world.at("tsv/b.csv"), "host3\turl3\n");
  const frame = world.sp.readCsv(world.at("tsv"), {
    header: false,
    delimiter: "\t",
    schema: { host: "VARCHAR", url: "VARCHAR" },
  });
  for (const one of [
    frame,
    frame.repartition(2, { byFiles: true }),
    frame.repartition(2, { hashBy: "host" }),
  ]) {
    const hosts = await column<string>(world.sp.partialSql("SELECT host FROM {0}", one), "host");
    expect(hosts.sort()).toEqual(["host1", "host2", "host3"]);
  }
});

test("globs, lists, directories and hive partitions are read in the order of their paths (1.1, 3: [0-9] glob)", async () => {
  await using world = await openWorld();
  for (const i of [1, 2, 10]) await world.write(`hive/day=${i}/x.parquet`, `SELECT ${i} AS item`);
  await world.write("flat/p1.parquet", "SELECT 1 AS item");
  await world.write("flat/p2.parquet", "SELECT 2 AS item");
  await world.write("flat/[x].parquet", "SELECT 3 AS item");
  const items = (frame: Parameters<typeof column>[0]): Promise<number[]> => column(frame, "item");
  expect(await items(world.sp.readParquet(world.at("flat/p[0-9].parquet")))).toEqual([1, 2]);
  expect(
    await items(world.sp.readParquet([world.at("flat/p2.parquet"), world.at("flat/p1.parquet")])),
  ).toEqual([2, 1]);
  expect(await items(world.sp.readParquet(world.at("flat/[x].parquet")))).toEqual([3]);
  expect((await items(world.sp.readParquet(world.at("flat")))).sort()).toEqual([1, 2, 3]);
  const hive = world.sp.readParquet(world.at("hive"), { recursive: true });
  expect((await column(hive.sort("day"), "day")).map(Number)).toEqual([1, 2, 10]);
  const parts = world.sp.partialSql("SELECT day, item FROM {0}", hive.repartition(3, { byFiles: true }));
  expect((await parts.takeAll()).every((row) => Number(row.day) === row.item)).toBe(true);
});
