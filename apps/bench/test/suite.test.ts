import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

/** Sides run in processes, from what is built, as executors do. */
const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const SMALL = ["--quick", "--rows", "100000", "--rounds", "1", "--tasks", "8"];

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(`${tmpdir()}/pond-bench-test-`);
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

test("the suite runs, its sides agree, and every comparison is printed and kept as JSON", async () => {
  const json = `${directory}/out.json`;
  const { code, output } = await bench("smallpond", ...SMALL, "--data", directory, "--json", json);
  expect(output).toContain("generating 100,000 rows");
  expect(code, output).toBe(0);
  const summary = output.slice(output.lastIndexOf("  benchmark "));
  for (const row of EVERY_COMPARISON) expect(summary).toMatch(row);
  const report = JSON.parse(await readFile(json, "utf8")) as Report;
  const compared = report.results.flatMap((result) => result.comparisons);
  expect(compared).toHaveLength(EVERY_COMPARISON.length);
  for (const { ratio } of compared) expect(ratio.median).toBeGreaterThan(0);
  expect(report.machine.cores).toBeGreaterThan(0);
}, 240_000);

test("the functions run, in loops and in executors, and give the same rows", async () => {
  const { code, output } = await bench("functions", ...SMALL, "--data", directory);
  expect(code, output).toBe(0);
  const summary = output.slice(output.lastIndexOf("  benchmark "));
  for (const name of ["rows", "batches", "udf-number", "udf-text"]) {
    for (const side of ["smallpond inline", "1 executor", "2 executors"]) {
      expect(summary).toMatch(new RegExp(`^ {2}${name} +${side} +javascript loop `, "m"));
    }
  }
  expect(output).toContain("M rows/s");
}, 240_000);

test("metadata is measured beside the bare store and whatever else is here, and all sides do the same", async () => {
  const only = ["create-one-16", "rename-16", "stat-16", "stat-batch-16", "readdir-16"];
  const { code, output } = await bench("meta", ...SMALL, "--only", only.join(","), "--data", directory);
  expect(code, output).toBe(0);
  const summary = output.slice(output.lastIndexOf("  benchmark "));
  for (const name of only) {
    for (const side of ["ours", "ours over tcp"]) {
      expect(summary).toMatch(new RegExp(`^ {2}${name} +${side} +bare store `, "m"));
    }
  }
  expect(output).toMatch(/^ {2}side .* per second /m);
}, 240_000);

test("files of a cluster are measured beside what the machine can do, and all sides do the same", async () => {
  const only = ["random-read-32", "small-files", "checkpoint-save"];
  const { code, output } = await bench("fs", ...SMALL, "--only", only.join(","), "--data", directory);
  expect(code, output).toBe(0);
  const summary = output.slice(output.lastIndexOf("  benchmark "));
  for (const name of only) {
    for (const side of ["1 replica", "3 in processes"]) {
      expect(summary).toMatch(new RegExp(`^ {2}${name} +${side} +kernel fs `, "m"));
    }
  }
  expect(output).toMatch(/s {2}of processor: storage \(/);
}, 240_000);

test("data that is there is not made again", async () => {
  const { output } = await bench("--only", "scan", ...SMALL, "--data", directory);
  expect(output).not.toContain("generating");
  expect(output).toMatch(/^ {2}scan +smallpond +duckdb /m);
});

test("a suite that does not exist is named, with those that do", async () => {
  const { code, output } = await bench("nothing", "--data", directory);
  expect(code).toBe(1);
  expect(output).toContain(
    "there is no suite nothing; there are smallpond, functions, native, fs, fs-peers, meta, meta-growth, peers",
  );
});

test("without Python the peers are skipped with a notice, which is no failure", async () => {
  const { code, output } = await bench("--peers", "--quick", "--data", directory, { PATH: directory });
  expect(code, output).toBe(0);
  expect(output).toContain("SKIPPED: there is no working python3");
});

const EVERY_COMPARISON = [
  /^ {2}startup +smallpond +node \+ duckdb /m,
  /^ {2}scan +smallpond +duckdb /m,
  /^ {2}join +smallpond +duckdb /m,
  /^ {2}shuffle-write +smallpond inline +duckdb /m,
  /^ {2}shuffle-write +smallpond auto +duckdb /m,
  /^ {2}sort-write +smallpond inline +duckdb /m,
  /^ {2}sort-write +smallpond auto +duckdb /m,
  /^ {2}sort-write +ranges inline +duckdb /m,
  /^ {2}sort-write +ranges auto +duckdb /m,
  /^ {2}partial-group +smallpond inline +duckdb one query /m,
  /^ {2}partial-group +smallpond auto +duckdb one query /m,
  /^ {2}partial-group +smallpond inline +duckdb by hand /m,
  /^ {2}partial-group +smallpond auto +duckdb by hand /m,
  /^ {2}partial-window +smallpond inline +duckdb one query /m,
  /^ {2}partial-window +smallpond auto +duckdb one query /m,
  /^ {2}partial-window +smallpond inline +duckdb by hand /m,
  /^ {2}partial-window +smallpond auto +duckdb by hand /m,
  /^ {2}tasks +smallpond inline +duckdb loop /m,
  /^ {2}tasks +1 executor +duckdb loop /m,
  /^ {2}tasks +2 executors +duckdb loop /m,
  /^ {2}many-tasks +1 executor +duckdb loop /m,
];

interface Report {
  readonly machine: { readonly cores: number };
  readonly results: readonly {
    readonly comparisons: readonly { readonly ratio: { readonly median: number } }[];
  }[];
}

/** Arguments, and at the end possibly variables of the environment. */
async function bench(
  ...args: readonly (string | Readonly<Record<string, string>>)[]
): Promise<{ code: number | null; output: string }> {
  const texts = args.filter((arg) => typeof arg === "string");
  const env = Object.assign({}, process.env, ...args.filter((arg) => typeof arg !== "string"));
  const child = spawn(process.execPath, [MAIN, ...texts], { env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (bytes: Buffer) => {
      output += bytes.toString();
    });
  }
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, output };
}
