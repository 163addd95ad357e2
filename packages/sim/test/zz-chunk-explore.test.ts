import { runScenario } from "@smallpond/sim";
import { test } from "vitest";
import { chunkStoreScenario } from "../src/scenarios/chunk-store/scenario.ts";

const from = Number(process.env.FROM ?? 0),
  count = Number(process.env.COUNT ?? 20),
  bug = process.env.BUG as never;
test("explore", { timeout: 3_000_000 }, async () => {
  const scenario = chunkStoreScenario(bug || undefined);
  let failures = 0;
  const marks: Record<string, number> = {};
  const nem: Record<string, number> = {};
  const t0 = performance.now();
  let events = 0;
  for (let seed = from; seed < from + count; seed++) {
    const report = await runScenario(scenario, seed, process.env.WHOLE ? { trace: { whole: true } } : {});
    events += report.events;
    for (const m of Object.keys(report.marks)) marks[m] = (marks[m] ?? 0) + 1;
    if (report.failure) {
      failures++;
      for (const n of report.nemeses) nem[n] = (nem[n] ?? 0) + 1;
      console.log("SEED", seed, report.nemeses.join(","), "\n", report.failure.slice(0, 1500));
      if (process.env.WHOLE) console.log(report.page.slice(-Number(process.env.WHOLE)).join("\n"));
      if (failures >= Number(process.env.MAXF ?? 3)) break;
    }
  }
  console.log({ failures, marks, nem, ms: Math.round(performance.now() - t0), events });
});
