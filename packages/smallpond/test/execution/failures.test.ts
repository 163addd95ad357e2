/** What becomes of tasks whose attempts fail for real: memory, time, disk, busy loops, and what they print. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { failureOf } from "../support/failure.ts";
import { HAS_NAMESPACES, inNamespace } from "../support/namespace.ts";
import { isAlive, until } from "../support/processes.ts";
import { column, hundredRows, openWorld } from "../support/world.ts";

/** A process that runs it holds about 370 MB, mostly in lists that cannot be spilled. */
const LARGE = "SELECT len(list(hash(a.item, r.range))) AS n FROM {0} a, range(400000) r";

test("a task that needs more than its share of memory gets more, up to all of it", async () => {
  await using world = await openWorld({ numExecutors: 2, threads: 2, memory: "600 MiB" });
  const frame = world.sp.readParquet(await hundredRows(world)).repartition(4, { byRows: true });
  const counts = await column(world.sp.partialSql(LARGE, frame), "n");
  expect(counts).toEqual(Array(4).fill(25 * 400_000));
  const { stages } = world.sp.report().actions.at(-1)!;
  expect(stages.reduce((sum, stage) => sum + stage.failedAttempts, 0)).toBeGreaterThan(0);
});

test("an executor that hangs is interrupted after the time limit, ended, and its task tried again", async () => {
  await using world = await openWorld({ numExecutors: 1, taskTimeoutMs: 1_500 });
  const frame = world.sp.readParquet(await hundredRows(world)).repartition(3, { byRows: true });
  await world.sp.partialSql("SELECT count(*) AS n FROM {0}", frame).count();
  const [stuck] = world.sp.executorPids;
  process.kill(stuck!, "SIGSTOP");
  expect(await column(world.sp.partialSql("SELECT count(*) + 1 AS n FROM {0}", frame), "n")).toEqual([
    35, 34, 34,
  ]);
  expect(isAlive(stuck!)).toBe(false);
  expect(world.sp.executorPids).not.toContain(stuck);
});

test("a task that always takes too long ends the job with its step, and the limit to raise", async () => {
  await using world = await openWorld({ numExecutors: 1, taskTimeoutMs: 700 });
  const frame = world.sp.readParquet(await hundredRows(world)).repartition(2, { byRows: true });
  const endless = "SELECT count(*) AS n FROM {0} a, range(100000000) r WHERE hash(a.item, r.range) % 7 = 3";
  const error = await failureOf(world.sp.partialSql(endless, frame).takeAll());
  expect(error).toMatchObject({ code: "TASK_TIMEOUT" });
  expect(String((error as Error).message)).toContain("range(100000000)");
  expect((error as { hint: string }).hint).toContain("taskTimeoutMs");
  expect(await frame.count()).toBe(100);
});

test.skipIf(!HAS_NAMESPACES)(
  "a data root on a full disk fails the job by name, leaves nothing half-done, and the session goes on",
  async () => {
    await using world = await openWorld();
    const script = `
      const big = sp.sql("SELECT range AS n, md5(range::VARCHAR) AS t FROM range(2000000)").repartition(4, { hashBy: "n" });
      const failed = await attempt(sp.partialSql("SELECT count(*) AS n FROM {0}", big).takeAll());
      const left = fs.readdirSync(sp.directory + "/staging");
      const small = sp.sql("SELECT range AS n FROM range(100)").repartition(2, { hashBy: "n" });
      return { failed, left, count: await small.count() };`;
    const result = await inNamespace(
      world,
      `mkdir -p ${world.at("data")} && mount -t tmpfs -o size=12m tmpfs ${world.at("data")}`,
      script,
    );
    expect(result).toMatchObject({ failed: { code: expect.stringMatching(/DISK_FULL|ENOSPC/) }, count: 100 });
    expect((result as { failed: { hint: string } }).failed.hint).toContain("dataRoot");
  },
);

/** A job in a process of its own, with one executor that never comes back from a function. */
function stuckJob(folder: string): ReturnType<typeof spawn> {
  const entry = new URL("../../dist/index.js", import.meta.url).href;
  const script = `
    import { init } from ${JSON.stringify(entry)};
    const sp = await init({ numExecutors: 1, dataRoot: ${JSON.stringify(folder)} });
    const frame = sp.sql("SELECT range AS n FROM range(10)").repartition(2, { hashBy: "n" });
    await frame.map((row) => { for (;;) if (row.n < 0n) return row; }, { schema: { n: "BIGINT" } }).takeAll();`;
  return spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}

test("executors end with their job even when a function of theirs never returns", async () => {
  await using world = await openWorld();
  const job = stuckJob(world.at("data"));
  await until("the start of the executor", () => childrenOf(job.pid!).length > 0, 20_000);
  const [executor] = childrenOf(job.pid!);
  await until("the loop", () => cpuSeconds(executor!) > 1.5, 20_000);
  job.kill("SIGKILL");
  await until("the end of the executor", () => !isAlive(executor!), 10_000);
});

test("what a function prints in an executor is seen in the job's own output", async () => {
  await using world = await openWorld();
  const entry = new URL("../../dist/index.js", import.meta.url).href;
  const script = `
    import { init } from ${JSON.stringify(entry)};
    const sp = await init({ numExecutors: 1, dataRoot: ${JSON.stringify(world.at("data"))} });
    const frame = sp.sql("SELECT range AS n FROM range(3)").repartition(2, { hashBy: "n" });
    await frame.map((row) => { console.log("saw", Number(row.n)); return row; }, { schema: { n: "BIGINT" } }).takeAll();
    await sp.close();`;
  const job = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let stdout = "";
  job.stdout.on("data", (bytes: Buffer) => {
    stdout += bytes.toString();
  });
  expect(await new Promise((resolve) => job.on("close", resolve))).toBe(0);
  expect(stdout.trim().split("\n").sort()).toEqual(["saw 0", "saw 1", "saw 2"]);
});

function childrenOf(pid: number): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((one) => Number.isInteger(one) && parentOf(one) === pid);
}

function parentOf(pid: number): number {
  return Number(statOf(pid)[1] ?? 0);
}

function cpuSeconds(pid: number): number {
  const fields = statOf(pid);
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
}

/** Fields of `/proc/<pid>/stat` from the third on; none for a process that is gone. */
function statOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]!.split(" ");
  } catch {
    return [];
  }
}
