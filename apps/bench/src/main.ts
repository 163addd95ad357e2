/** `npm run bench`: runs suites by name and prints ratios that were measured in one run. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { formatBytes, formatError } from "@smallpond/base";
import { type Suite, SuiteSkipped } from "./harness/benchmark.ts";
import { thisMachine } from "./harness/machine.ts";
import { type BenchmarkResult, runBenchmark } from "./harness/run-benchmark.ts";
import { benchmarkText, machineText, summaryText } from "./harness/text-report.ts";
import { type BenchOptions, parseOptions, USAGE } from "./options.ts";
import { loadSuite } from "./suites/index.ts";

try {
  const options = parseOptions(process.argv.slice(2), process.cwd());
  if (options.help) console.log(USAGE);
  else await main(options);
} catch (error) {
  console.error(formatError(error));
  process.exitCode = 1;
}

async function main(options: BenchOptions): Promise<void> {
  const { context } = options;
  await mkdir(context.scratchDir, { recursive: true });
  try {
    for (const name of options.suites) await runSuite(await loadSuite(name), options);
  } catch (error) {
    if (!(error instanceof SuiteSkipped)) throw error;
    console.log(`SKIPPED: ${error.message}`);
  } finally {
    await rm(context.scratchDir, { recursive: true, force: true });
  }
}

async function runSuite(suite: Suite, options: BenchOptions): Promise<void> {
  const { context, rounds, only } = options;
  const machine = thisMachine();
  console.log(`suite ${suite.name}: ${machineText(machine)}`);
  const about =
    suite.about?.(context) ??
    `${context.rows.toLocaleString("en")} rows; every side has ${context.threads} threads, and DuckDB in it ` +
      `${formatBytes(context.memoryBytes / 2)} of memory`;
  console.log(`${about}; ${rounds} rounds, sides in turns, after a warm-up\n`);
  await suite.prepare(context, console.log);
  const results: BenchmarkResult[] = [];
  for (const benchmark of suite.benchmarks) {
    if (only !== null && !only.includes(benchmark.name)) continue;
    const result = await runBenchmark(benchmark, context, { suite: suite.name, rounds });
    results.push(result);
    console.log(`${benchmarkText(result)}\n`);
  }
  console.log(summaryText(results));
  for (const line of suite.notes ?? []) console.log(`\n${line}`);
  if (options.json !== null) {
    const { rows, tasks, files, threads, memoryBytes } = context;
    const report = {
      suite: suite.name,
      machine,
      settings: { rows, tasks, files, threads, memoryBytes, rounds },
      results,
    };
    await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
  }
}
