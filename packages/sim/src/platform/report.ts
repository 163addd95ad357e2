/** What people read: a failing seed with the one command that replays it, and what a whole exploration reached. */
import type { RunReport } from "../scenario/run.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { ExploreSummary } from "./explore.ts";

export function replayCommand(report: { readonly scenario: string; readonly seed: number }): string {
  return `npx nx run sim:replay --scenario ${report.scenario} --seed ${report.seed}`;
}

export function formatFailure(report: RunReport): string {
  return [
    "",
    `✗ ${report.scenario}, seed ${report.seed}, after ${report.virtualMs.toFixed(0)} ms of its time`,
    `  nemeses: ${report.nemeses.join(", ") || "none"}`,
    "",
    ...report.page.map((line) => `  ${line}`),
    "",
    ...(report.failure ?? "").split("\n").map((line) => `  ${line}`),
    "",
    `  replay: ${replayCommand(report)}`,
    "",
  ].join("\n");
}

export function formatSummary(summary: ExploreSummary, scenario: Scenario): string {
  const { seeds, failures, twice } = summary;
  const never = scenario.marks.filter((mark) => !summary.marks.has(mark));
  return [
    `${summary.scenario}: ${seeds} seeds, ${failures.length} failed${scenario.canary ? " (a canary: failing is its purpose)" : ""}`,
    `  ${twice} seeds ran twice; ${failures.filter((each) => each.failure?.startsWith("two runs differ")).length} differed`,
    `  a seed took ${summary.meanMs.toFixed(0)} ms (at most ${summary.maxMs.toFixed(0)}), ` +
      `${summary.meanEvents.toFixed(0)} events, ${(summary.meanVirtualMs / 1000).toFixed(1)} s of its own time`,
    "  rare branches, in runs that reached them:",
    ...[...summary.marks].map(([name, count]) => `  ${String(count).padStart(8)} ${name}`),
    ...never.map((name) => `  ${"never".padStart(8)} ${name}`),
  ].join("\n");
}
