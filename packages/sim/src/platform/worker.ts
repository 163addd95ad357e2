/** A child process of the explorer: runs blocks of seeds, one after another, until its parent hangs up. */
import { type RunReport, runScenario } from "../scenario/run.ts";
import { findScenario } from "../scenarios/index.ts";
import { type Block, type FromWorker, TWICE_EVERY } from "./job.ts";

// Errors are ordinary events in here, and collecting their stacks takes a fifth of the time. Replaying has them.
Error.stackTraceLimit = 0;

process.on("message", (block: Block) => {
  runBlock(block).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
process.on("disconnect", () => process.exit(0));

async function runBlock(block: Block): Promise<void> {
  for (let seed = block.from; seed < block.from + block.count; seed++) {
    const began = performance.now();
    const { report, twice } = await runSeed(block.scenario, seed);
    const wallMs = (performance.now() - began) / (twice ? 2 : 1);
    tell({
      kind: "seed",
      report: report.failure === undefined ? { ...report, page: [] } : report,
      wallMs,
      twice,
    });
  }
  tell({ kind: "block" });
}

/** Runs a seed, some twice: a run that cannot be repeated is a failure whatever else it is. */
export async function runSeed(
  name: string,
  seed: number,
): Promise<{ readonly report: RunReport; readonly twice: boolean }> {
  const scenario = findScenario(name);
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
  const report = await runScenario(scenario, seed);
  if (seed % TWICE_EVERY !== 0) return { report, twice: false };
  const again = await runScenario(scenario, seed);
  if (again.traceHash === report.traceHash) return { report, twice: true };
  const failure = `two runs differ: trace hashes ${report.traceHash} and ${again.traceHash}`;
  return { report: { ...report, failure }, twice: true };
}

function tell(message: FromWorker): void {
  process.send?.(message);
}
