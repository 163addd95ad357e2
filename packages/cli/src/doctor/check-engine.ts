/** DuckDB in this process, and in an executor process of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatError } from "@smallpond/base";
import { type Check, missing, ok } from "./check.ts";
import type * as probes from "./probes.ts";

export async function checkDuckdb(): Promise<Check> {
  return await probe("duckdb", async ({ queryEngine }, dataRoot) => {
    const { version, ms } = await queryEngine(dataRoot);
    return ok("duckdb", `${version}, a query took ${ms} ms`);
  });
}

export async function checkExecutor(): Promise<Check> {
  return await probe("executor", async ({ useExecutor }, dataRoot) => {
    const { ms } = await useExecutor(dataRoot);
    return ok("executor", `a process started and finished a job in ${ms} ms`);
  });
}

async function probe(
  name: string,
  look: (engine: typeof probes, dataRoot: string) => Promise<Check>,
): Promise<Check> {
  // Not the jobs' folder, which has a check of its own.
  const dataRoot = await mkdtemp(join(tmpdir(), "pond-doctor-"));
  try {
    // Loaded here, so that an engine that does not load is a line of the report.
    return await look(await import("./probes.ts"), dataRoot);
  } catch (error) {
    return missing(name, formatError(error), { fix: fixOf(error), essential: true });
  } finally {
    await rm(dataRoot, { recursive: true, force: true });
  }
}

function fixOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  if (code === "ERR_MODULE_NOT_FOUND" || code === "ERR_DLOPEN_FAILED" || code === "MODULE_NOT_FOUND") {
    return "npm ci (the engine's binary for this platform is an optional package)";
  }
  return "check the SP_* variable it names, if any; pond doctor --json has the details";
}
