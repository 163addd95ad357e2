/** DuckDB in this process, and in an executor process of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatError } from "@smallpond/base";
import type { InitOptions, Session } from "smallpond";
import { type Check, missing, ok } from "./check.ts";

export async function checkDuckdb(): Promise<Check> {
  return await withSession("duckdb", { numExecutors: 0 }, async (session) => {
    const startMs = performance.now();
    const [row] = await session
      .sql("SELECT version() AS version, sum(range) AS n FROM range(1000)")
      .takeAll();
    const ms = Math.round(performance.now() - startMs);
    return ok("duckdb", `${String(row?.version)}, a query took ${ms} ms`);
  });
}

export async function checkExecutor(): Promise<Check> {
  return await withSession("executor", { numExecutors: 1 }, async (session) => {
    const startMs = performance.now();
    await session.sql("SELECT range AS n FROM range(10)").repartition(2, { hashBy: "n" }).compute();
    const ms = Math.round(performance.now() - startMs);
    if (session.executorPids.length === 0) throw new Error("no process was started");
    return ok("executor", `a process started and finished a job in ${ms} ms`);
  });
}

async function withSession(
  name: string,
  options: InitOptions,
  look: (session: Session) => Promise<Check>,
): Promise<Check> {
  // Not the jobs' folder, which has a check of its own.
  const dataRoot = await mkdtemp(join(tmpdir(), "pond-doctor-"));
  try {
    // Loaded here, so that a DuckDB that does not load is a line of the report.
    const { init } = await import("smallpond");
    await using session = await init({ ...options, jobName: "pond-doctor", dataRoot });
    return await look(session);
  } catch (error) {
    return missing(name, formatError(error), { fix: fixOf(error), essential: true });
  } finally {
    await rm(dataRoot, { recursive: true, force: true });
  }
}

function fixOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  if (code === "ERR_MODULE_NOT_FOUND" || code === "ERR_DLOPEN_FAILED") {
    return "npm ci (the engine's binary for this platform is an optional package)";
  }
  return "pond doctor --verbose, or set the SP_* variable it names";
}
