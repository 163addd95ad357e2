/** Where the reports of a failed script's jobs lie, and how to run again just what failed. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Session } from "smallpond";

/** Reruns named for one job; `pond job status` names all. */
const NAMED_MAX = 3;

/** One line each; none for a job that left nothing. */
export function failureReport(sessions: readonly Session[]): string[] {
  return sessions.flatMap((session) => {
    if (!existsSync(`${session.directory}/report.json`)) return [];
    const reruns = session.report().failedTasks.map(({ rerun }) => rerun);
    return [
      `  report: ${resolve(session.directory)}`,
      ...reruns
        .filter((rerun) => rerun !== null)
        .slice(0, NAMED_MAX)
        .map((rerun) => `  rerun:  ${rerun}`),
    ];
  });
}
