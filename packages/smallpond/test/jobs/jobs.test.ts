/** What a job leaves in its directory, and what those see who look at it from outside. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import type { SessionReport } from "../../src/index.ts";
import { type Jobs, logOf, openJobs, rerun } from "../../src/jobs/index.ts";
import type { LogLine } from "../../src/storage/job-log.ts";
import { failureOf, here } from "../support/failure.ts";
import { until } from "../support/processes.ts";
import { hundredRows, openWorld, type World } from "../support/world.ts";

async function lines(jobs: Jobs, reference = "last"): Promise<LogLine[]> {
  const all: LogLine[] = [];
  for await (const some of logOf(jobs, await jobs.find(reference))) all.push(...some);
  return all;
}

async function json<T>(world: World, path: string): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await world.disk.readFile(path))) as T;
}

test("a job that succeeds says what it did: status, log, report, timeline, graph, settings", async () => {
  await using world = await openWorld({ jobName: "counting", numExecutors: 1 });
  const { sp } = world;
  const parts = sp.readParquet(await hundredRows(world)).repartition(4, { hashBy: "item" });
  await parts.compute();
  const counted = sp.partialSql("SELECT count(*) AS n FROM {0}", parts);
  expect((await counted.takeAll()).reduce((sum, row) => sum + (row.n as number), 0)).toBe(100);
  await sp.close();
  const jobs = openJobs(world.at("jobs"));
  const job = await jobs.find("last");
  expect(job).toMatchObject({ id: sp.settings.jobId, name: "counting", state: "done", owner: null });
  expect(job.status?.counters).toMatchObject({ actions: 2, actionsFailed: 0, attemptsFailed: 0 });
  expect(job.status?.counters.tasks).toBe(job.status?.counters.tasksDone);
  expect(await jobs.bytes(job)).toMatchObject({ staging: 0 });
  const log = await lines(jobs);
  expect(log[0]).toMatchObject({ event: "job-started", job: sp.settings.jobId, message: "counting" });
  expect(log.at(-1)).toMatchObject({ event: "job-done", level: "info" });
  const events = log.map((line) => line.event);
  expect(events.filter((event) => event === "task-finished").length).toBe(job.status?.counters.tasks);
  expect(events.filter((event) => event === "action-done").length).toBe(2);
  const executors = log.filter((line) => line.event === "task-finished").map((line) => line.executor);
  expect(executors.every((pid) => pid === executors[0] && pid! > 0)).toBe(true);
  const files = jobs.files(job);
  expect(await json(world, files.settings)).toMatchObject({ settings: { threads: 2, timeZone: "UTC" } });
  expect((await json<{ traceEvents: unknown[] }>(world, files.timeline)).traceEvents.length).toBe(
    job.status?.counters.tasks,
  );
  expect(new TextDecoder().decode(await world.disk.readFile(files.graph))).toContain("repartition");
});

test("the report has the true rows and bytes of every step that ran (2.13)", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const path = await hundredRows(world);
  const parts = sp.readParquet(path).filter("item < 60").repartition(4, { hashBy: "item" });
  const rows = await sp.partialSql("SELECT g, count(*) AS n FROM {0} GROUP BY g", parts).takeAll();
  await sp.close();
  const report = await json<SessionReport>(world, `${sp.directory}/report.json`);
  const { nodes, stages } = report.actions[0]!;
  const named = (start: string) => nodes.find((node) => node.step.startsWith(start))!;
  const inputBytes = (await world.disk.stat(path.replace("*", "a"))).size * 2;
  expect(named("readParquet").bytesOut).toBeGreaterThan(inputBytes * 0.8);
  expect(named("filter")).toMatchObject({ ranIn: stages[0]!.id, rows: null });
  const shuffle = named("repartition");
  expect(shuffle).toMatchObject({ ranIn: stages[0]!.id, rows: 60, attempts: stages[0]!.tasks });
  expect(shuffle.bytesIn).toBe(named("readParquet").bytesOut);
  expect(shuffle.at).toContain("jobs.test.ts");
  expect(stages[1]).toMatchObject({ rows: rows.length, bytesIn: shuffle.bytesOut, tasks: 4 });
  expect(stages[1]!.taskSeconds.p50).toBeLessThanOrEqual(stages[1]!.taskSeconds.max);
  expect(named("partialSql").rows).toBe(rows.length);
});

test("nothing is there of a session that ran no stage, and the failure of one that only failed", async () => {
  await using world = await openWorld();
  expect(await world.sp.sql("SELECT 1 AS a").count()).toBe(1);
  await world.sp.close();
  const jobs = openJobs(world.at("jobs"));
  expect(await jobs.list()).toEqual([]);
  const other = await world.open();
  await failureOf(other.readParquet(world.at("nope.parquet")).count());
  await other.close();
  const [job] = await jobs.list();
  expect(job).toMatchObject({ state: "failed", status: { error: { code: "FILE_NOT_FOUND" } } });
  expect((await lines(jobs)).map((line) => line.event)).toContain("action-failed");
});

test("a task that fails for good can be run again from its report alone, and succeeds when its input is mended", async () => {
  await using world = await openWorld({ numExecutors: 1 });
  const { sp } = world;
  const parts = sp.readParquet(await hundredRows(world)).repartition(3, { hashBy: "item" });
  await parts.compute();
  await world.write("limits.parquet", "SELECT -1 AS least");
  const limits = sp.readParquet(world.at("limits.parquet"));
  const query =
    "SELECT item, CASE WHEN item > least THEN error('too large') ELSE item END AS n FROM {0}, {1}";
  const failure = await failureOf(sp.partialSql(query, parts, limits).compute());
  const line = here(-1);
  await sp.close();
  const jobs = openJobs(world.at("jobs"));
  const job = await jobs.find("last");
  expect(job.state).toBe("failed");
  const [task] = await jobs.failedTasks(job);
  expect(job.status?.failedTasks).toEqual([task!.id]);
  expect(task).toMatchObject({ action: "compute()", settings: { timeZone: "UTC" } });
  expect(task!.at).toContain(line);
  expect(task!.error.message).toBe(failure.message);
  expect(task!.inputs.map((input) => input.path)).toContain(world.at("limits.parquet"));
  expect(task!.rerun).toEqual({
    command: `pond job rerun ${job.id.slice(0, 8)} ${task!.id} --data-root ${world.at("jobs")}`,
  });
  expect((await jobs.bytes(job)).staging).toBeGreaterThan(0);
  const again = await failureOf(rerun(task!));
  expect({ code: again.code, message: again.message }).toEqual({
    code: failure.code,
    message: failure.message,
  });
  await world.write("limits.parquet", "SELECT 1000 AS least");
  const result = await rerun(task!, { keep: world.at("kept/task") });
  const rows = await world.plain.rows(`SELECT count(*) AS n FROM '${world.at("kept/task/*.parquet")}'`);
  expect(Number(rows[0]!.n)).toBe(result.rows);
  expect(result.rows).toBeGreaterThan(0);
  expect((await failureOf(rerun(task!, { keep: world.at("kept/task") }))).code).toBe("TARGET_EXISTS");
  await jobs.remove(job);
  expect(await jobs.list()).toEqual([]);
});

test("a function that failed in an executor fails alike when its task is run again", async () => {
  await using world = await openWorld({ numExecutors: 1 });
  const rows = world.sp.readParquet(await hundredRows(world)).repartition(2, { byFiles: true });
  const check = (row: { item: number }): { item: number } => {
    if (row.item === 73) throw new RangeError("73 is one too many");
    return { item: row.item };
  };
  // Without a schema the function would be tried, and fail, before any task is made.
  const checked = rows.map(check as never, { schema: { item: "BIGINT" } });
  const failure = await failureOf(checked.compute());
  expect(failure.code).toBe("FUNCTION_FAILED");
  await world.sp.close();
  const jobs = openJobs(world.at("jobs"));
  const [task] = await jobs.failedTasks(await jobs.find("last"));
  expect(task!.inputs.map(({ path }) => path)).toEqual([world.at("data/b.parquet")]);
  const again = await failureOf(rerun(task!));
  expect(again.code).toBe(failure.code);
  expect(again.message.split("\n")[0]).toBe(failure.message.split("\n")[0]);
});

test("a failed function that stays in the script's process says so", async () => {
  await using world = await openWorld();
  const rows = world.sp.readParquet(await hundredRows(world)).repartition(2, { byFiles: true });
  const refuse = (): never => {
    throw new Error("no");
  };
  await failureOf(rows.map(refuse, { inProcess: true, schema: { item: "BIGINT" } }).compute());
  await world.sp.close();
  const jobs = openJobs(world.at("jobs"));
  const [task] = await jobs.failedTasks(await jobs.find("last"));
  expect(task!.rerun).toEqual({
    impossible: "refuse() stays in its session's process; run the script again",
  });
});

test("a failed task that reads rows of the program says why it cannot run by itself", async () => {
  await using world = await openWorld();
  const items = world.sp.fromItems([{ a: 1 }, { a: 2 }]).repartition(2, { hashBy: "a" });
  await failureOf(
    world.sp.partialSql("SELECT error('no') FROM {0}, {1}", items, world.sp.fromItems([{ b: 1 }])).compute(),
  );
  await world.sp.close();
  const jobs = openJobs(world.at("jobs"));
  const [task] = await jobs.failedTasks(await jobs.find("last"));
  expect(task!.rerun).toMatchObject({ impossible: expect.stringContaining("fromItems") });
  expect((await failureOf(rerun(task!))).code).toBe("TASK_NOT_RERUNNABLE");
  expect((await failureOf(jobs.failedTask(await jobs.find("last"), "9-9"))).hint).toContain(task!.id);
});

test("a job that is killed shows as died, two at once are two, and the next job leaves what it said", async () => {
  await using world = await openWorld();
  const script = world.at("job.mjs");
  await world.disk.writeFile(
    script,
    `import { init } from ${JSON.stringify(new URL("../../dist/index.js", import.meta.url).href)};
     const sp = await init({ numExecutors: 0, dataRoot: ${JSON.stringify(world.at("data"))}, jobName: process.argv[2] });
     const rows = sp.sql("SELECT range AS n FROM range(1000)").repartition(2, { hashBy: "n" });
     await rows.compute();
     console.log("computed");
     setInterval(() => {}, 1000);`,
  );
  const started = ["one", "two"].map((name) =>
    spawn(process.execPath, [script, name], { stdio: ["ignore", "pipe", "inherit"] }),
  );
  await Promise.all(started.map((child) => once(child.stdout, "data")));
  const jobs = openJobs(world.at("data"));
  const states = async (): Promise<string[]> =>
    (await jobs.list()).map((job) => `${job.name} ${job.state}`).sort();
  await until("the status of both", async () => (await states()).join() === "one running,two running");
  const [first] = started;
  const one = (await jobs.list()).find((job) => job.name === "one")!;
  expect(one.owner?.pid).toBe(first!.pid);
  expect((await failureOf(jobs.remove(one))).code).toBe("JOB_RUNNING");
  // What is buffered is written within about a second.
  const finished = async (): Promise<boolean> =>
    (await lines(jobs, one.id)).some((l) => l.event === "action-done");
  await until("a line about the finished action", finished);
  first!.kill("SIGKILL");
  await once(first!, "exit");
  expect(await states()).toEqual(["one died", "two running"]);
  expect((await jobs.bytes(one)).staging).toBeGreaterThan(0);
  const next = await world.open({ dataRoot: world.at("data") });
  await next.close();
  expect(await states()).toEqual(["one died", "two running"]);
  expect((await jobs.bytes(one)).staging).toBe(0);
  expect((await lines(jobs, one.id)).map((line) => line.event)).toContain("stage-finished");
  started[1]!.kill("SIGKILL");
  await once(started[1]!, "exit");
});

test("closing a session in the middle of an action is an interruption, and leaves no intermediate file", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const rows = sp.sql("SELECT range AS n FROM range(100000)").repartition(2, { hashBy: "n" });
  await rows.compute();
  const slow = sp.partialSql("SELECT count(*) FROM {0} a, {0} b, {0} c WHERE a.n + b.n + c.n = 7", rows);
  const running = failureOf(slow.takeAll()).catch(() => {});
  const jobs = openJobs(world.at("jobs"));
  await until("the second stage", () => sp.report().actions.at(-1)?.stages[0]?.attempts === 2);
  await sp.close();
  await running;
  const job = await jobs.find("last");
  expect(job.state).toBe("interrupted");
  expect(await world.list(job.directory.slice(world.path.length + 1))).toEqual([
    "config",
    "log",
    "report.json",
    "status.json",
  ]);
});

test("jobs are found by the beginning of their id, which must be one job's", async () => {
  await using world = await openWorld({ jobId: "f".repeat(32) });
  for (const start of ["aa", "ab"]) {
    const sp = await world.open({ jobId: start.padEnd(32, "0") });
    await failureOf(sp.sql("SELECT nope").count());
    await sp.close();
  }
  const jobs = openJobs(world.at("jobs"));
  expect((await jobs.find("ab")).id).toMatch(/^ab/);
  expect((await failureOf(jobs.find("a"))).code).toBe("JOB_AMBIGUOUS");
  expect((await failureOf(jobs.find("c"))).code).toBe("JOB_NOT_FOUND");
  expect((await failureOf(openJobs(world.at("none")).find("last"))).code).toBe("JOB_NOT_FOUND");
});

test("following a log hands out what comes while the job runs, and ends with it", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const rows = sp.sql("SELECT range AS n FROM range(10)").repartition(2, { hashBy: "n" });
  await rows.compute();
  const jobs = openJobs(world.at("jobs"));
  const job = await jobs.find("last");
  expect(job.state).toBe("running");
  const events: string[] = [];
  for await (const some of logOf(jobs, job, { follow: true, level: "info" })) {
    events.push(...some.map((line) => line.event));
    if (events.includes("action-done")) void sp.close();
  }
  expect(events.at(-1)).toBe("job-done");
  expect(events).not.toContain("task-finished");
});
