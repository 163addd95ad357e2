/** The work of `npm test`. Checks are not counted as tests, but a failed check fails the run. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binOf, collect, nx, prepare, ROOT, reportFailure, run } from "./prepare.mjs";

const NOTHING = { passed: 0, failed: 0, skipped: [] };

export async function runTests(vitestArgs) {
  let counts = NOTHING;
  try {
    await prepare();
    const failures = await check();
    const tests = await vitest(vitestArgs);
    counts = tests.counts;
    printSkipped(counts.skipped);
    for (const name of failures) console.error(`✗ check failed: ${name}`);
    if (failures.length > 0 || tests.code !== 0) process.exitCode = 1;
  } catch (error) {
    reportFailure(error);
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped.length} skipped`);
}

/** Names of the checks that failed; their output is printed. */
async function check() {
  const tasks = ["run-many", "-t", "typecheck", "lint", "--outputStyle=static", "--parallel=2", "--skipSync"];
  const checks = [
    ["project references (npx nx sync mends them)", () => nx(["sync:check"], { quiet: true })],
    ["types and lint", () => nx(tasks, { quiet: true })],
    ["format (npm run format mends it)", () => node("@biomejs/biome", "biome", ["check", "."])],
  ];
  const failures = [];
  for (const [name, work] of checks) {
    const start = Date.now();
    console.error(`Checking ${name} …`);
    const { code, output } = await work();
    if (code === 0) continue;
    console.error(output.trimEnd());
    console.error(`✗ ${name}: failed after ${Math.round((Date.now() - start) / 1000)} s`);
    failures.push(name);
  }
  return failures;
}

async function node(name, command, args) {
  return await collect(process.execPath, [join(ROOT, "node_modules", name, binOf(name, command)), ...args]);
}

/** Vitest's own report for people, and ours for the last line. */
async function vitest(args) {
  const directory = mkdtempSync(join(tmpdir(), "pond-test-"));
  const file = join(directory, "counts.json");
  try {
    const entry = join(ROOT, "node_modules", "vitest", binOf("vitest"));
    const reporters = ["--reporter=default", `--reporter=${join(ROOT, "tools", "counts-reporter.mjs")}`];
    const code = await run(process.execPath, [entry, "run", ...reporters, ...args], {
      env: { POND_TEST_COUNTS: file },
    });
    return { code, counts: readCounts(file) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    console.error("✗ vitest ended before it could report");
    return { ...NOTHING, failed: 1 };
  }
}

function printSkipped(skipped) {
  if (skipped.length === 0) return;
  console.log(`\n⚠ ${skipped.length} skipped:`);
  for (const { name, reason } of skipped) console.log(`  ↓ ${name} (${reason})`);
}
