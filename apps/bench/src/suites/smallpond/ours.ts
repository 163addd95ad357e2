/** The side under test: one warm session, new frames in every round. */
import { rm } from "node:fs/promises";
import { type InitOptions, init, type Session } from "smallpond";
import type { BenchContext, OpenSide, Outcome, Side, Step } from "../../harness/benchmark.ts";
import { type DataPaths, dataPaths } from "./data.ts";

export interface OursRound {
  readonly sp: Session;
  readonly paths: DataPaths;
  readonly context: BenchContext;
  /** A path for output that does not exist and is removed after the round. */
  readonly target: string;
}

export interface OursSettings {
  readonly numExecutors: number | "auto";
  readonly threads?: number;
}

export function ours(
  name: string,
  settings: OursSettings,
  work: (round: OursRound) => Promise<string>,
): Side {
  return {
    name,
    async open(context: BenchContext): Promise<OpenSide> {
      const sp = await init(oursOptions(context, settings));
      const paths = dataPaths(context);
      const target = (round: number): string => `${context.scratchDir}/${slug(name)}-${process.pid}-${round}`;
      return {
        async run(round): Promise<Outcome> {
          return { check: await work({ sp, paths, context, target: target(round) }) };
        },
        async tidy(round) {
          await rm(target(round), { recursive: true, force: true });
          await rm(`${target(round)}.parquet`, { force: true });
        },
        steps: () => stepsOfLastAction(sp),
        close: () => sp.close(),
      };
    },
  };
}

export function oursOptions(context: BenchContext, settings: OursSettings): InitOptions {
  return {
    dataRoot: `${context.scratchDir}/jobs`,
    threads: settings.threads ?? context.threads,
    memory: context.memoryBytes,
    numExecutors: settings.numExecutors,
  };
}

/** The stages of the last action, and what of its time was in none of them. */
function stepsOfLastAction(sp: Session): Step[] {
  const action = sp.report().actions.at(-1);
  if (action === undefined) return [];
  const stages = action.stages.map((stage) => ({
    name: stage.name,
    seconds: stage.seconds,
    detail: `${stage.tasks} tasks, ${stage.rows.toLocaleString("en")} rows, ${(stage.bytes / 2 ** 20).toFixed(0)} MiB written`,
  }));
  const staged = stages.reduce((sum, stage) => sum + stage.seconds, 0);
  const rest = {
    name: "outside stages",
    seconds: action.seconds - staged,
    detail: "planning, and reading the result",
  };
  return [...stages, rest];
}

function slug(name: string): string {
  return name.replace(/[^A-Za-z0-9]+/g, "-");
}
