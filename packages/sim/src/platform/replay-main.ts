/** `npx nx run sim:replay --scenario X --seed S`: one run, its whole trace on stdout, its end on stderr. */
import { runScenario } from "../scenario/run.ts";
import { findScenario, SCENARIOS } from "../scenarios/index.ts";
import { replayArguments, UsageError } from "./arguments.ts";

async function main(): Promise<number> {
  const { scenario: name, seed } = replayArguments(process.argv.slice(2));
  const scenario = findScenario(name);
  if (scenario === undefined) {
    throw new UsageError(`no scenario ${name}; there are ${SCENARIOS.map((each) => each.name).join(", ")}`);
  }
  const report = await runScenario(scenario, seed, { trace: { whole: true } });
  process.stdout.write(`${report.page.join("\n")}\n`);
  console.error(report.failure ?? "passed");
  console.error(
    `trace ${report.traceHash}, ${report.events} events, nemeses: ${report.nemeses.join(", ") || "none"}`,
  );
  return report.failure === undefined ? 0 : 1;
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
