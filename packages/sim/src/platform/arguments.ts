/** Options of the two commands. */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";

/** Raised for an option nobody understands; its message is all that is printed. */
export class UsageError extends Error {}

export interface ExploreArguments {
  readonly scenario: string;
  readonly seeds: number;
  readonly from: number;
  readonly minutes: number;
  readonly jobs: number;
  readonly failures: number;
}

const EXPLORE = {
  scenario: { type: "string", default: "toy" },
  seeds: { type: "string", default: "1000" },
  from: { type: "string", default: "0" },
  minutes: { type: "string", default: "60" },
  jobs: { type: "string", default: `${availableParallelism()}` },
  failures: { type: "string", default: "5" },
} as const;

export function exploreArguments(args: readonly string[]): ExploreArguments {
  const values = parse(args, EXPLORE);
  return {
    scenario: values.scenario!,
    seeds: count("seeds", values.seeds!),
    from: count("from", values.from!),
    minutes: count("minutes", values.minutes!),
    jobs: count("jobs", values.jobs!),
    failures: count("failures", values.failures!),
  };
}

export function replayArguments(args: readonly string[]): {
  readonly scenario: string;
  readonly seed: number;
} {
  const values = parse(args, { scenario: EXPLORE.scenario, seed: { type: "string", default: "0" } });
  return { scenario: values.scenario!, seed: count("seed", values.seed!) };
}

type Known = Readonly<Record<string, { readonly type: "string"; readonly default: string }>>;

function parse(args: readonly string[], options: Known): Readonly<Record<string, string | undefined>> {
  try {
    return parseArgs({ args: [...args], options }).values as Readonly<Record<string, string | undefined>>;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new UsageError(`--${name} takes a number, not ${text}`);
}
