/** Small jobs that show whether the engine works here. Apart, because this file loads the engine. */
import { init } from "smallpond";

export async function queryEngine(dataRoot: string): Promise<{ version: string; ms: number }> {
  await using session = await init({ jobName: "pond-doctor", dataRoot, numExecutors: 0 });
  const startMs = performance.now();
  const query = "SELECT version() AS version, sum(range) AS sum FROM range(1000)";
  const [row] = await session.sql<{ version: string; sum: bigint }>(query).takeAll();
  return { version: row!.version, ms: Math.round(performance.now() - startMs) };
}

export async function useExecutor(dataRoot: string): Promise<{ ms: number }> {
  await using session = await init({ jobName: "pond-doctor", dataRoot, numExecutors: 1 });
  const startMs = performance.now();
  await session.sql("SELECT range AS n FROM range(10)").repartition(2, { hashBy: "n" }).compute();
  const ms = Math.round(performance.now() - startMs);
  if (session.executorPids.length === 0) throw new Error("no process was started");
  return { ms };
}
