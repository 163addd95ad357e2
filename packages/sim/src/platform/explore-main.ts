/** `npx nx run sim:explore --seeds N --from S --minutes M [--scenario X] [--jobs J] [--failures F]` */
import { findScenario, SCENARIOS } from "../scenarios/index.ts";
import { exploreArguments, UsageError } from "./arguments.ts";
import { explore } from "./explore.ts";
import { formatFailure, formatSummary } from "./report.ts";

async function main(): Promise<number> {
  const { failures: failuresMax, ...options } = exploreArguments(process.argv.slice(2));
  const scenario = findScenario(options.scenario);
  if (scenario === undefined) {
    throw new UsageError(
      `no scenario ${options.scenario}; there are ${SCENARIOS.map((each) => each.name).join(", ")}`,
    );
  }
  const summary = await explore({
    ...options,
    failuresMax,
    onFailure: (report) => console.log(formatFailure(report)),
    onProgress: ({ seeds, failures }) => console.error(`${seeds} seeds, ${failures.length} failed`),
  });
  console.log(formatSummary(summary, scenario));
  return summary.failures.length > 0 ? 1 : 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof UsageError ? error.message : error);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  },
);
