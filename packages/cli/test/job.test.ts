/** Jobs as people look at them, with the real binary. */
import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { type Folder, folder, type PondOptions, pond, start } from "./pond.ts";

const JOB = `import { init } from "smallpond";
await using sp = await init({ dataRoot: "data", numExecutors: 1, jobName: process.argv[2] ?? "job" });
const parts = sp.sql("SELECT range AS n FROM range(1000)").repartition(4, { hashBy: "n" });
await parts.compute();
const limit = sp.readCsv("limit.csv");
const checked = sp.partialSql("SELECT CASE WHEN n > least THEN error('too large') ELSE n END AS n FROM {0}, {1}", parts, limit);
console.log("rows", await checked.count());
`;

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly directory: string;
}

/** A folder with a job whose second stage goes well while no number is above the limit. */
async function jobFolder(limit: number): Promise<{ readonly place: Folder; readonly in: PondOptions }> {
  const place = await folder({ "job.ts": JOB, "limit.csv": `least\n${limit}\n` });
  return { place, in: { cwd: place.path, env: { SP_DATA_ROOT: `${place.path}/data` } } };
}

async function list(options: PondOptions): Promise<Listed[]> {
  return JSON.parse((await pond(["job", "ls", "--json"], options)).stdout) as Listed[];
}

test("a job that succeeded is listed, has a status and a log, and is removed", async () => {
  const { place, in: options } = await jobFolder(5000);
  await using _place = place;
  expect(await pond(["run", "job.ts", "--", "good"], options)).toMatchObject({
    code: 0,
    stdout: "rows 1000\n",
    stderr: "",
  });
  const [job] = await list(options);
  expect(job).toMatchObject({ name: "good", state: "done" });
  const text = await pond(["job", "ls"], options);
  expect(text.stdout).toMatch(new RegExp(`^${job!.id.slice(0, 8)}  good  done `, "m"));
  const status = await pond(["job", "status"], options);
  expect(status.stdout).toMatch(/^state +done$/m);
  expect(status.stdout).not.toContain("holds");
  const log = await pond(["job", "logs", "last", "--json", "--level", "debug"], options);
  const lines = log.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { event: string; job: string });
  expect(lines.every((line) => line.job === job!.id)).toBe(true);
  expect(lines.filter((line) => line.event === "task-finished").length).toBe(1 + 4);
  expect((await pond(["job", "logs"], options)).stdout).not.toContain("task-finished");
  const dry = await pond(["job", "rm", job!.id.slice(0, 6), "--dry-run"], options);
  expect(dry.stderr).toMatch(/^1 jobs, .* would be removed\n$/);
  expect((await pond(["job", "rm", "last"], options)).code).toBe(0);
  expect(await list(options)).toEqual([]);
  expect((await pond(["job", "ls"], options)).stderr).toContain("there is no job");
});

test("a failed job names the task and its rerun, which fails alike until the input is mended", async () => {
  const { place, in: options } = await jobFolder(500);
  await using _place = place;
  const failed = await pond(["run", "job.ts"], options);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain("too large");
  expect(failed.stderr).toMatch(new RegExp(`^  report: ${place.path}/data/.*$`, "m"));
  const rerun = /^ {2}rerun: {2}pond (job rerun \S+ \d+-\d+)$/m.exec(failed.stderr)?.[1]?.split(" ");
  expect(rerun).toBeDefined();
  expect(await list(options)).toMatchObject([{ state: "failed" }]);
  const status = await pond(["job", "status", "last"], options);
  expect(status.stdout).toContain(`rerun: pond ${rerun!.join(" ")}`);
  expect(status.stdout).toMatch(/^holds +.* for its failed tasks; pond job rm/m);
  expect(status.stdout).toContain(`${place.path}/job.ts:6:`);
  // Also from another folder: relative paths of the task start where the job was started.
  const elsewhere = { env: options.env! };
  const again = await pond(rerun!, elsewhere);
  expect(again).toMatchObject({ code: 1, stdout: "" });
  expect(again.stderr).toContain("too large");
  expect(again.stderr).toContain(`${place.path}/job.ts:6:`);
  const sql = await pond([...rerun!, "--sql"], elsewhere);
  expect(sql.stdout).toContain("read_csv");
  await place.write("limit.csv", "least\n5000\n");
  const mended = await pond(
    [...rerun!, "--json", "--keep", `${place.path}/kept`, "--threads", "1"],
    elsewhere,
  );
  expect(mended).toMatchObject({ code: 0, stderr: "" });
  const { rows } = JSON.parse(mended.stdout) as { rows: number };
  expect(rows).toBeGreaterThan(0);
  const kept = await pond(["sql", `SELECT count(*) AS n FROM '${place.path}/kept/*.parquet'`, "--json"]);
  expect(JSON.parse(kept.stdout)).toEqual([{ n: rows }]);
  expect((await pond(rerun!, elsewhere)).stdout).toMatch(/^\d+ rows, .* of memory\n$/);
  expect((await pond(["job", "rm", "--failed", "--older", "1h"], options)).stderr).toContain("0 jobs");
  expect((await pond(["job", "rm", "--failed"], options)).stderr).toContain("1 jobs");
  expect(await readdir(`${place.path}/data`)).toEqual([".running"]);
});

const SLOW = JOB.replace(
  'console.log("rows", await checked.count());',
  `console.log("started");
const slow = sp.partialSql("SELECT count(*) AS n FROM {0} a, {0} b, {0} c, {0} d WHERE a.n + b.n + c.n + d.n = 7", parts);
await slow.compute();`,
);

test("running jobs are listed apart, one is stopped and leaves nothing temporary, one is killed and shows as died", async () => {
  const { place, in: options } = await jobFolder(0);
  await using _place = place;
  await place.write("slow.ts", SLOW);
  const one = start(["run", "slow.ts", "--", "one"], options);
  const two = start(["run", "slow.ts", "--", "two"], options);
  await Promise.all([one.printed("started"), two.printed("started")]);
  const running = await list(options);
  expect(running.map((job) => `${job.name} ${job.state}`).sort()).toEqual(["one running", "two running"]);
  const id = (name: string): string => running.find((job) => job.name === name)!.id;
  expect(await pond(["job", "rm", id("one")], options)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("pond job stop"),
  });
  const follow = start(["job", "logs", id("one"), "--follow"], options);
  await follow.printed("stage-started");
  const stopped = await pond(["job", "stop", id("one")], options);
  expect(stopped).toMatchObject({ code: 0, stdout: `${id("one").slice(0, 8)} ended: interrupted\n` });
  expect((await one.finished).code).toBe(143);
  expect((await follow.finished).stdout).toContain("job-interrupted");
  const directory = running.find((job) => job.name === "one")!.directory;
  expect((await readdir(directory)).sort()).toEqual(["config", "log", "report.json", "status.json"]);
  two.child.kill("SIGKILL");
  await two.finished;
  expect((await list(options)).map((job) => `${job.name} ${job.state}`).sort()).toEqual([
    "one interrupted",
    "two died",
  ]);
  expect((await pond(["job", "stop", id("two")], options)).stderr).toContain("it is died");
});

test("a script that fails between actions makes a failed job, also where it closes its session on the way", async () => {
  await using place = await folder({
    "job.ts": `import { init } from "smallpond";
await using sp = await init({ dataRoot: "data" });
await sp.sql("SELECT range AS n FROM range(10)").repartition(2, { hashBy: "n" }).compute();
throw new RangeError("of its own");`,
  });
  const { stderr } = await pond(["run", "job.ts"], { cwd: place.path });
  expect(stderr).toContain("RangeError: of its own");
  expect(stderr).toContain(`  report: ${place.path}/data/`);
  const [job] = await list({ cwd: place.path, env: { SP_DATA_ROOT: "data" } });
  expect(job).toMatchObject({ state: "failed" });
  expect(JSON.parse(await readFile(`${place.path}/${job!.directory}/status.json`, "utf8"))).toMatchObject({
    error: null,
  });
});

test.each([
  [["job", "status", "nope"], 1, "JOB"],
  [["job", "rm"], 2, "which jobs?"],
  [["job", "rm", "last", "--failed"], 2, "not both"],
  [["job", "rm", "--older", "soon"], 2, "such as 7d"],
  [["job", "rerun", "last"], 2, "missing required argument 'task'"],
  [["job", "logs", "--level", "loud"], 2, "Allowed choices"],
  [["job", "nope"], 2, "unknown command"],
] as const)("pond %j exits with %i", async (args, code, message) => {
  await using place = await folder({});
  const result = await pond(args, { env: { SP_DATA_ROOT: `${place.path}/data` } });
  expect({ code: result.code, stdout: result.stdout }).toEqual({ code, stdout: "" });
  if (message !== "JOB") expect(result.stderr).toContain(message);
  else expect(result.stderr).toContain("there is no job");
});

test("every command about jobs has an example in its help", async () => {
  for (const name of ["", "ls", "status", "logs", "rerun", "stop", "rm"]) {
    const { code, stdout } = await pond(["job", ...(name === "" ? [] : [name]), "--help"]);
    expect({ code, example: /Examples?:\n {2}pond job/.test(stdout) }, name).toEqual({
      code: 0,
      example: true,
    });
  }
});
