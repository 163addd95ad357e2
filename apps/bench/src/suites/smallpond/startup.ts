/** From starting a process to its first answer, and to its end. */
import { spawn } from "node:child_process";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import type { BenchContext, Benchmark, OpenSide, Side } from "../../harness/benchmark.ts";
import { dataPaths } from "./data.ts";

export const startup: Benchmark = {
  name: "startup",
  title:
    "a process that opens a session, counts the rows of a small file and ends, against bare Node with DuckDB",
  sides: [started("node + duckdb", "startup-plain.js"), started("smallpond", "startup-ours.js")],
  comparisons: [{ side: "smallpond", against: "node + duckdb", budget: null }],
  per: { unit: "start", count: () => 1 },
};

/** A script of `scripts/`, from start to end; with the tiny file, all of the data, and a data root as arguments. */
export function started(name: string, script: string): Side {
  const file = fileURLToPath(new URL(`./scripts/${script}`, import.meta.url));
  return {
    name,
    open: (context: BenchContext): Promise<OpenSide> =>
      Promise.resolve({
        run: async () => await runOnce(file, context),
        close: () => Promise.resolve(),
      }),
  };
}

function scriptArguments(context: BenchContext): string[] {
  const { tiny, events } = dataPaths(context);
  return [`${context.scratchDir}/jobs`, tiny, ...events];
}

async function runOnce(file: string, context: BenchContext): Promise<{ check: string; ms: number }> {
  const start = performance.now();
  const child = spawn(process.execPath, [file, ...scriptArguments(context)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (bytes: Buffer) => {
    output += bytes.toString();
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`${file} ended with ${String(code)}`);
  return { check: output.trim(), ms: performance.now() - start };
}
