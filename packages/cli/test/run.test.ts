import { chmod, readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { folder, pond, start } from "./pond.ts";

const QUERY = `
import { init } from "smallpond";
const rows: { n: number }[] = await (async () => {
  await using sp = await init({ dataRoot: "data" });
  return await sp.sql<{ n: number }>("SELECT 42 AS n").takeAll();
})();
console.log("n =", rows[0]!.n);
`;

for (const type of ["commonjs", "module", undefined]) {
  for (const name of ["job.ts", "job.mts"]) {
    test(`runs ${name} with top-level await where package.json says type: ${type}`, async () => {
      const manifest = type === undefined ? "{}" : JSON.stringify({ type });
      await using place = await folder({ "package.json": manifest, [name]: QUERY });
      const result = await pond(["run", name], { cwd: place.path });
      expect(result).toEqual({ code: 0, stdout: "n = 42\n", stderr: "" });
    });
  }
}

test("runs where there is no package.json, with smallpond from its own copy", async () => {
  await using place = await folder({ "job.ts": QUERY });
  expect(await pond(["run", "job.ts"], { cwd: place.path })).toMatchObject({ code: 0, stdout: "n = 42\n" });
});

test("runs CommonJS: require, __dirname, exports, a JSON file", async () => {
  await using place = await folder({
    "job.cts": `const { init } = require("smallpond");
const { base } = require("./helper.cjs");
console.log(typeof init, base(__filename), require("./data.json").k, require.main === module);
export = {};`,
    "helper.cjs": 'const path = require("node:path"); exports.base = (name) => path.basename(name);',
    "data.json": '{ "k": 7 }',
  });
  const { stdout, stderr } = await pond(["run", "job.cts"], { cwd: place.path });
  expect({ stdout, stderr }).toEqual({ stdout: "function job.cts 7 true\n", stderr: "" });
});

test("gives the script its arguments, and every file its own import.meta", async () => {
  await using place = await folder({
    "job.ts": `import { who } from "./lib/who.ts";
import data from "./data.json";
const { later } = await import("./lib/later.js");
console.log(JSON.stringify([process.argv.slice(1), import.meta.url, import.meta.dirname, who, later, data]));`,
    "lib/who.ts": "export const who: string[] = [import.meta.url, import.meta.filename];",
    "lib/later.ts": "export const later: number = await Promise.resolve(5);",
    "data.json": "[1]",
  });
  const { stdout, stderr } = await pond(["run", "job.ts", "--", "a", "--b"], { cwd: place.path });
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual([
    [`${place.path}/job.ts`, "a", "--b"],
    `file://${place.path}/job.ts`,
    place.path,
    [`file://${place.path}/lib/who.ts`, `${place.path}/lib/who.ts`],
    5,
    [1],
  ]);
});

test("finds packages from the file that imports them, also those that are ES modules only", async () => {
  const manifest = (version: string): string =>
    JSON.stringify({ name: "only", version, type: "module", exports: { import: "./i.js" } });
  await using place = await folder({
    "job.ts": 'import { v } from "only"; import { inner } from "./sub/inner.ts"; console.log(v, inner);',
    "node_modules/only/package.json": manifest("1.0.0"),
    "node_modules/only/i.js": "export const v = 1;",
    "sub/inner.ts": 'import { v } from "only"; export const inner: number = v;',
    "sub/node_modules/only/package.json": manifest("2.0.0"),
    "sub/node_modules/only/i.js": "export const v = 2;",
  });
  expect(await pond(["run", "job.ts"], { cwd: place.path })).toMatchObject({ stdout: "1 2\n", stderr: "" });
});

test("writes nothing into the script's folder, which may be read-only", async () => {
  await using place = await folder({ "job.ts": 'console.log("ran");' });
  await chmod(place.path, 0o555);
  const result = await pond(["run", `${place.path}/job.ts`]);
  await chmod(place.path, 0o755);
  expect(result).toMatchObject({ code: 0, stdout: "ran\n" });
  expect(await readdir(place.path)).toEqual(["job.ts"]);
});

test("an error of the script names its line, without a stack unless asked", async () => {
  await using place = await folder({
    "job.ts": `interface Shape { readonly side: number }

const shape = undefined as unknown as Shape;
console.log(shape.side);
`,
  });
  const plain = await pond(["run", "job.ts"], { cwd: place.path });
  expect(plain.code).toBe(1);
  expect(plain.stderr).toBe(
    `TypeError: Cannot read properties of undefined (reading 'side')\n  at: ${place.path}/job.ts:4:19\n`,
  );
  const verbose = await pond(["run", "job.ts"], { cwd: place.path, env: { POND_DEBUG: "1" } });
  expect(verbose.stderr).toContain(`(${place.path}/job.ts:4:19)`);
});

test("an error of the engine names the SQL and the script's line", async () => {
  await using place = await folder({
    "job.ts": `import { init } from "smallpond";

await using sp = await init({ dataRoot: "data" });
const frame = sp.sql("SELECT nope FROM range(3)");
await frame.takeAll();
`,
  });
  const { code, stderr } = await pond(["run", "job.ts"], { cwd: place.path });
  expect(code).toBe(1);
  expect(stderr).toContain('"nope" not found');
  expect(stderr).toContain("SELECT nope FROM range(3)");
  expect(stderr).toContain(`${place.path}/job.ts:4:`);
  expect(stderr).not.toContain("caused by");
});

test("a syntax error shows file, line, column and the line itself", async () => {
  await using place = await folder({ "job.ts": "const a: number = 1;\nconst b = ;\n" });
  const { code, stderr } = await pond(["run", "job.ts"], { cwd: place.path });
  expect(code).toBe(1);
  expect(stderr).toBe('job.ts:2:11: Unexpected ";"\n  const b = ;\n            ^\n');
});

test("a package that is not there says what to install", async () => {
  await using place = await folder({ "job.ts": 'import x from "no-such-package/deep"; console.log(x);' });
  const { code, stderr } = await pond(["run", "job.ts"], { cwd: place.path });
  expect(code).toBe(1);
  expect(stderr).toContain(`hint: run \`npm install no-such-package\` in ${place.path}`);
});

test("keeps the script's own exit code, and fails when it fails later", async () => {
  await using place = await folder({
    "code.ts": "process.exitCode = 3;",
    "late.ts": 'setTimeout(() => { throw new RangeError("late"); }, 10);',
    "rejected.ts": 'void Promise.reject(new Error("nobody waits"));',
  });
  const run = (name: string) => pond(["run", name], { cwd: place.path });
  expect(await run("code.ts")).toMatchObject({ code: 3, stderr: "" });
  expect(await run("late.ts")).toMatchObject({
    code: 1,
    stderr: `RangeError: late\n  at: ${place.path}/late.ts:1:26\n`,
  });
  expect(await run("rejected.ts")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("nobody waits"),
  });
});

test("a script that is not there, and one that is none, say so", async () => {
  await using place = await folder({ "query.sql": "SELECT 1" });
  expect(await pond(["run", "nope.ts"], { cwd: place.path })).toMatchObject({
    code: 1,
    stderr: `there is no script nope.ts\n  hint: looked in ${place.path}; check the path\n`,
  });
  const { stderr } = await pond(["run", "query.sql"], { cwd: place.path });
  expect(stderr).toContain("pond sql --file");
});

test("--json prints one object with the job's report, and nothing else on standard output", async () => {
  await using place = await folder({ "job.ts": QUERY, "bad.ts": 'throw new Error("oh");' });
  const good = await pond(["run", "job.ts", "--json"], { cwd: place.path });
  expect(good.stderr).toBe("n = 42\n");
  expect(JSON.parse(good.stdout)).toMatchObject({
    outcome: "done",
    exitCode: 0,
    report: { actions: [{ name: "takeAll()", outcome: "done" }] },
  });
  const bad = await pond(["run", "--json", "bad.ts"], { cwd: place.path });
  expect(bad.code).toBe(1);
  expect(JSON.parse(bad.stdout)).toMatchObject({ outcome: "failed", error: { message: "oh" }, report: null });
});

/** What runs for longer than anybody waits, by where: each has its intermediate files by then. */
const ENDLESS = "SELECT count(*) AS n FROM {0} a, {0} b, {0} c WHERE a.n + b.n + c.n = 7";
const BUSY =
  "(row: { n: bigint }) => { for (const end = Date.now() + 60_000; Date.now() < end; ); return row; }";
const WAITING =
  "async (row: { n: bigint }) => { await new Promise((done) => setTimeout(done, 60_000)); return row; }";

test.each([
  ["a query in an executor", 1, `await sp.partialSql("${ENDLESS}", rows).takeAll();`],
  ["a query in this process", 0, `await sp.partialSql("${ENDLESS}", rows).takeAll();`],
  [
    "a function that never lets go, in an executor",
    1,
    `await rows.map(${BUSY}, { schema: { n: "BIGINT" } }).compute();`,
  ],
  [
    "a function that waits, in an executor",
    1,
    `await rows.map(${WAITING}, { schema: { n: "BIGINT" } }).compute();`,
  ],
  [
    "a function that waits, in this process",
    0,
    `await rows.map(${WAITING}, { schema: { n: "BIGINT" } }).compute();`,
  ],
  [
    "a sink in mid-write",
    1,
    `await sp.partialSql("${ENDLESS.replace("count(*) AS n", "*")}", rows).writeParquet("out");`,
  ],
  [
    "a sink in mid-write in this process",
    0,
    `await sp.sql("SELECT a.range + b.range AS n FROM range(1000000) a, range(1000000) b").writeParquet("out");`,
  ],
])(
  "Ctrl-C ends %s at once with 130, its executors, and its intermediate files",
  async (_where, executors, line) => {
    await using place = await folder({
      "job.ts": `import { init } from "smallpond";
await using sp = await init({ dataRoot: "data", numExecutors: ${executors} });
const rows = sp.sql("SELECT range AS n FROM range(100000)").repartition(2, { hashBy: "n" });
await rows.compute();
console.log("pids", JSON.stringify(sp.executorPids), "end");
${line}
`,
    });
    const running = start(["run", "job.ts", "--json"], { cwd: place.path });
    // The script's own output is on standard error here.
    const pids = await new Promise<number[]>((resolve, reject) => {
      let text = "";
      running.child.stderr?.on("data", (more: string) => {
        text += more;
        const list = /pids (.*) end/.exec(text)?.[1];
        if (list !== undefined) resolve(JSON.parse(list) as number[]);
      });
      void running.finished.then(({ stderr }) => reject(new Error(stderr)));
    });
    expect(pids.length).toBe(executors);
    await new Promise((resolve) => setTimeout(resolve, 700));
    const startMs = performance.now();
    running.child.kill("SIGINT");
    const { code, stdout } = await running.finished;
    expect(code).toBe(130);
    expect(performance.now() - startMs).toBeLessThan(5_000);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: "interrupted", exitCode: 130 });
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow();
    expect((await readdir(place.path)).sort()).toEqual(["data", "job.ts"]);
    expect(await readdir(`${place.path}/data/.running`)).toEqual([]);
    for (const job of (await readdir(`${place.path}/data`)).filter((name) => name !== ".running")) {
      const left = (await readdir(`${place.path}/data/${job}`)).sort();
      expect(left).toEqual(["config", "log", "report.json", "status.json"]);
      const status = await readFile(`${place.path}/data/${job}/status.json`, "utf8");
      expect(JSON.parse(status)).toMatchObject({ state: "interrupted" });
    }
  },
);

test("a script that handles SIGINT itself decides what it means", async () => {
  await using place = await folder({
    "job.ts": `const timer = setInterval(() => {}, 1000);
process.on("SIGINT", () => { console.log("stopping"); clearInterval(timer); });
console.log("ready");`,
  });
  const running = start(["run", "job.ts"], { cwd: place.path });
  await running.printed("ready");
  running.child.kill("SIGINT");
  expect(await running.finished).toMatchObject({ code: 0, stdout: "ready\nstopping\n" });
});
