/** Executor processes for real: killed, interrupted, out of memory, and gone when the session is. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { DataFrame, Session } from "../../src/index.ts";
import { failureOf } from "../support/failure.ts";
import { isAlive, isBusy, until } from "../support/processes.ts";
import { column, hundredRows, openWorld, type World } from "../support/world.ts";

/** About a second of work per partition that no index or cache shortens. */
const SLOW = "SELECT count(*) AS n FROM {0} a, range(1500000) r WHERE hash(a.item, r.range) % 7 = 3";
/** Far longer than any test waits. */
const ENDLESS =
  "SELECT count(*) AS n FROM {0} a, range(100000000) r, range(1000) s WHERE hash(a.item, r.range, s.range) % 7 = 3";

async function parts(world: World, sp: Session, count = 4): Promise<DataFrame> {
  return sp.readParquet(await hundredRows(world)).repartition(count, { byRows: true });
}

test("two executors run the tasks, and none is left when the session is closed", async () => {
  await using world = await openWorld({ numExecutors: 2 });
  const frame = await parts(world, world.sp);
  expect(await column(world.sp.partialSql("SELECT count(*) AS n FROM {0}", frame), "n")).toEqual([
    25, 25, 25, 25,
  ]);
  const pids = world.sp.executorPids;
  expect(pids.length).toBe(2);
  expect(pids.every(isAlive)).toBe(true);
  await world.sp.close();
  await until("the end of the executors", () => !pids.some(isAlive));
});

test("an executor killed in the middle of a task costs a retry, not the job (S2)", async () => {
  await using world = await openWorld({ numExecutors: 2 });
  const frame = await parts(world, world.sp);
  const job = world.sp.partialSql(SLOW, frame).takeAll();
  await until("the start of the executors", () => world.sp.executorPids.length === 2);
  const [victim] = world.sp.executorPids;
  await until("the work", () => isBusy(victim!), 20_000);
  process.kill(victim!, "SIGKILL");
  const rows = await job;
  expect(rows.length).toBe(4);
  const [expected] = await world.plain.rows(
    `SELECT count(*) AS n FROM read_parquet('${world.at("data")}/*.parquet') a, range(1500000) r WHERE hash(a.item, r.range) % 7 = 3`,
  );
  expect(rows.reduce((sum, row) => sum + (row.n as number), 0)).toBe(Number(expected!.n));
  const stages = world.sp.report().actions.at(-1)!.stages;
  expect(stages.reduce((sum, stage) => sum + stage.failedAttempts, 0)).toBe(1);
  expect(isAlive(victim!)).toBe(false);
});

test("an abort ends a running task within seconds and leaves no executor at work", async () => {
  await using world = await openWorld({ numExecutors: 2 });
  const frame = await parts(world, world.sp);
  const controller = new AbortController();
  const job = failureOfAny(world.sp.partialSql(ENDLESS, frame).takeAll({ signal: controller.signal }));
  await until("the start of the executors", () => world.sp.executorPids.length === 2);
  const pids = world.sp.executorPids;
  await until("the work", async () => (await isBusy(pids[0]!)) && (await isBusy(pids[1]!)), 20_000);
  const reason = new Error("enough");
  const start = performance.now();
  controller.abort(reason);
  expect(await job).toBe(reason);
  expect(performance.now() - start).toBeLessThan(4_000);
  for (const pid of [...pids, ...world.sp.executorPids]) expect(await isBusy(pid)).toBe(false);
  expect(await frame.count()).toBe(100);
});

test("an abort while executors are still starting is not forgotten", async () => {
  await using world = await openWorld({ numExecutors: 2 });
  const frame = await parts(world, world.sp);
  const controller = new AbortController();
  const job = failureOfAny(world.sp.partialSql(ENDLESS, frame).takeAll({ signal: controller.signal }));
  await until("the start of the executors", () => world.sp.executorPids.length > 0);
  controller.abort(new Error("enough"));
  expect((await job).message).toBe("enough");
});

test("closing the session in the middle of a job ends its executors and the job", async () => {
  await using world = await openWorld({ numExecutors: 2 });
  const frame = await parts(world, world.sp);
  const job = failureOfAny(world.sp.partialSql(ENDLESS, frame).takeAll());
  await until("the start of the executors", () => world.sp.executorPids.length === 2);
  const pids = world.sp.executorPids;
  await new Promise((resolve) => setTimeout(resolve, 300));
  await world.sp.close();
  await until("the end of the executors", () => !pids.some(isAlive));
  expect(await job).toBeInstanceOf(Error);
});

test("an executor above its share of the memory limit is stopped with an error that says so", async () => {
  await using world = await openWorld({ numExecutors: 2, memory: "300 MB" });
  const frame = await parts(world, world.sp, 2);
  const greedy =
    "SELECT max(len(l)) AS n FROM (SELECT list(hash(r.range, a.item)::VARCHAR || repeat('x', 100)) AS l FROM {0} a, range(400000) r)";
  const error = await failureOf(world.sp.partialSql(greedy, frame).takeAll());
  expect(error.code).toBe("OUT_OF_MEMORY");
  expect(error.hint).toMatch(/memory.*partitions/);
  expect(error.message).toContain("executors.test.ts");
  expect(await column(world.sp.partialSql("SELECT count(*) AS n FROM {0}", frame), "n")).toEqual([50, 50]);
});

test("a memory limit that is too small for an inline query is an error that says so, and the session goes on", async () => {
  await using world = await openWorld({ numExecutors: 0, memory: "2 GB" });
  // DuckDB has half of the limit and may not spill lists, so this fails in the engine, not in the watch.
  const greedy = world.sp.sql(
    "SELECT len(list(hash(range)::VARCHAR || repeat('x', 200))) AS n FROM range(12000000)",
  );
  const error = await failureOf(greedy.takeAll());
  expect(error.code).toBe("OUT_OF_MEMORY");
  expect(error.hint).toContain("memory");
  expect(error.message).toContain("executors.test.ts");
  expect(await world.sp.sql("SELECT 42 AS a").takeAll()).toEqual([{ a: 42 }]);
});

test("an abort interrupts an inline query within seconds", async () => {
  await using world = await openWorld({ numExecutors: 0 });
  const frame = await parts(world, world.sp);
  for (const action of [
    (signal: AbortSignal) => world.sp.partialSql(ENDLESS, frame).takeAll({ signal }),
    (signal: AbortSignal) => world.sp.sql(ENDLESS, frame).count({ signal }),
    (signal: AbortSignal) => world.sp.sql(ENDLESS, frame).writeParquet(world.at("never"), { signal }),
  ]) {
    const controller = new AbortController();
    const job = failureOfAny(action(controller.signal));
    await new Promise((resolve) => setTimeout(resolve, 400));
    const start = performance.now();
    controller.abort(new Error("enough"));
    expect((await job).message).toContain("enough");
    expect(performance.now() - start).toBeLessThan(3_000);
  }
  expect(await world.disk.exists(world.at("never"))).toBe(false);
  expect(await world.list("")).toEqual(["data", "jobs"]);
  expect(await frame.count()).toBe(100);
});

test("an action whose signal was aborted before does nothing", async () => {
  await using world = await openWorld();
  const frame = await parts(world, world.sp);
  const reason = new Error("before");
  expect(await failureOfAny(frame.takeAll({ signal: AbortSignal.abort(reason) }))).toBe(reason);
  expect(await failureOfAny(frame.writeParquet(world.at("x"), { signal: AbortSignal.abort(reason) }))).toBe(
    reason,
  );
  expect(await world.disk.exists(world.at("x"))).toBe(false);
});

test("leaving a loop over batches stops the query", async () => {
  await using world = await openWorld();
  const frame = world.sp.sql("SELECT range AS item FROM range(1000000000)");
  let seen = 0;
  for await (const batch of frame) {
    seen += batch.length;
    if (seen > 5_000) break;
  }
  expect(seen).toBeGreaterThan(5_000);
  expect(await world.sp.sql("SELECT 42 AS a").takeAll()).toEqual([{ a: 42 }]);
});

test("an executor's own errors keep their code, message and place", async () => {
  await using world = await openWorld({ numExecutors: 2 });
  const frame = await parts(world, world.sp);
  const query = "SELECT CASE WHEN item = 77 THEN 'x' ELSE '1' END::INTEGER AS i FROM {0}";
  const error = await failureOf(world.sp.partialSql(query, frame).takeAll());
  expect(error.code).toBe("SQL_VALUE");
  for (const part of ["'x'", query, "executors.test.ts"]) expect(error.message).toContain(part);
  expect(await frame.count()).toBe(100);
});

test("inputs that only the session's process has (items, functions) are joined with what executors make", async () => {
  await using world = await openWorld({ numExecutors: 2 });
  const frame = await parts(world, world.sp);
  const items = world.sp.fromItems(Array.from({ length: 10 }, (_, item) => ({ item })));
  const mapped = frame.map((row) => ({ item: row.item! }));
  const query = "SELECT a.item FROM {0} a JOIN {1} b ON a.item = b.item";
  expect(await world.sp.partialSql(query, frame, items).count()).toBe(10);
  expect(
    await world.sp
      .partialSql(query, frame.repartition(3, { hashBy: "item" }), mapped.repartition(3, { hashBy: "item" }))
      .count(),
  ).toBe(100);
});

async function failureOfAny(action: Promise<unknown>): Promise<Error> {
  return await action.then(
    () => expect.fail("the action succeeded, but it should have failed"),
    (error: unknown) => error as Error,
  );
}

test("a script that never closes its session ends all the same, and leaves no executor and no intermediate file", async () => {
  await using world = await openWorld();
  const script = world.at("script.mjs");
  const entry = new URL("../../dist/index.js", import.meta.url);
  await world.disk.writeFile(
    script,
    `import { init } from ${JSON.stringify(entry.href)};
     const sp = await init({ numExecutors: 1, dataRoot: ${JSON.stringify(world.at("data"))} });
     await sp.sql("SELECT range AS n FROM range(20);").repartition(4, { hashBy: "n" }).compute();
     console.log(sp.executorPids.join());`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 30_000 });
  const pids = stdout.trim().split(",").map(Number);
  expect(pids.length).toBe(1);
  await until("the end of the executors", () => !pids.some(isAlive));
  const [job] = (await world.list("data")).filter((name) => name !== ".running");
  expect(await world.list("data/.running")).toEqual([]);
  expect(await world.list(`data/${job}`)).toEqual(["config", "log", "report.json", "status.json"]);
});
