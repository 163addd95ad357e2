/**
 * Invariant S1: what a pipeline returns does not depend on how it is divided and run.
 *
 * `POND_ORACLE_RUNS=5000` runs longer; a failure prints `POND_ORACLE_SEED` and `POND_ORACLE_PATH` to replay it.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { InitOptions, Session } from "../src/index.ts";
import {
  describePipeline,
  drawPipeline,
  type Pipeline,
  type PipelineFlavour,
  type PipelineSource,
  ReferenceInterpreter,
  renderSql,
} from "../src/testing/index.ts";
import { buildFrame } from "./support/build-frame.ts";
import { differences, type TextRow, textQuery } from "./support/same-rows.ts";
import { makeSources } from "./support/sources.ts";
import { openWorld, type World } from "./support/world.ts";

const RUNS = process.env.POND_ORACLE_RUNS;
const SEED = Number(process.env.POND_ORACLE_SEED ?? 20260101);
const SOURCES = 18;
const STEPS_MAX = 7;

let world: World;
let sources: PipelineSource[];

beforeAll(async () => {
  world = await openWorld({ numExecutors: 0, int64: "bigint" });
  sources = await makeSources(world, SEED, SOURCES);
});
afterAll(() => world?.[Symbol.asyncDispose]());

/** How the result is looked at: as one, partition by partition, or after it was computed and kept. */
const READINGS = ["whole", "parts", "kept"] as const;
type ReadAs = (typeof READINGS)[number];

const verbs = async (pipeline: Pipeline): Promise<TextRow[]> =>
  await plainRows(textQuery(pipeline.shape.columns, `(${renderSql(pipeline)})`));

const partitions = async (pipeline: Pipeline): Promise<TextRow[]> => {
  const interpreter = new ReferenceInterpreter(world.plain);
  try {
    return await plainRows(textQuery(pipeline.shape.columns, `(${await interpreter.run(pipeline)})`));
  } finally {
    await interpreter.drop();
  }
};

describe.each([
  { name: "in the session's process", options: { numExecutors: 0, threads: 2 }, runs: 130 },
  { name: "in two executor processes", options: { numExecutors: 2, threads: 2 }, runs: 20 },
] as const)("$name", ({ options, runs }) => {
  test("verbs and sp.sql return what one DuckDB returns for the same query", async () => {
    await check({ options, runs, flavour: "verbs", expected: verbs });
  }, 600_000);

  test("per-partition queries return what the reference interpreter returns", async () => {
    await check({ options, runs, flavour: "partitions", expected: partitions });
  }, 600_000);
});

interface Check {
  readonly options: InitOptions;
  readonly runs: number;
  readonly flavour: PipelineFlavour;
  readonly expected: (pipeline: Pipeline) => Promise<TextRow[]>;
}

async function check({ options, runs, flavour, expected }: Check): Promise<void> {
  await using sp = await world.open({ int64: "bigint", ...options });
  const cases = fc.record({
    seeds: fc.array(fc.noShrink(fc.nat()), { minLength: 2, maxLength: STEPS_MAX + 1, size: "max" }),
    readAs: fc.constantFrom(...READINGS),
  });
  const property = fc.asyncProperty(cases, async ({ seeds, readAs }) => {
    const pipeline = drawPipeline(seeds, { sources, flavour });
    const found = await compare(sp, { pipeline, readAs, expected });
    if (found.length > 0) throw new Error(`${readAs}\n${found.join("\n")}\n${describePipeline(pipeline)}`);
  });
  const path = process.env.POND_ORACLE_PATH;
  await fc.assert(property, {
    seed: SEED,
    numRuns: RUNS === undefined ? runs : Number(RUNS),
    reporter: (run) => {
      if (!run.failed) return;
      const replay = `POND_ORACLE_SEED=${run.seed} POND_ORACLE_PATH=${run.counterexamplePath}`;
      throw new Error(`${run.errorInstance}\nafter ${run.numRuns} runs; replay with ${replay}`);
    },
    ...(path === undefined ? {} : { path }),
  });
}

async function compare(
  sp: Session,
  { pipeline, readAs, expected }: { pipeline: Pipeline; readAs: ReadAs; expected: Check["expected"] },
): Promise<string[]> {
  const right = await expected(pipeline);
  try {
    return differences(right, await engineRows(sp, pipeline, readAs));
  } catch (error) {
    return [`failed: ${error instanceof Error ? error.message : String(error)}`];
  }
}

async function engineRows(sp: Session, pipeline: Pipeline, readAs: ReadAs): Promise<TextRow[]> {
  const frame = await buildFrame(sp, pipeline);
  const query = textQuery(pipeline.shape.columns, "{0}");
  if (readAs === "kept") await frame.compute();
  const texts = readAs === "parts" ? sp.partialSql(query, frame) : sp.sql(query, frame);
  return (await texts.takeAll()) as unknown as TextRow[];
}

async function plainRows(query: string): Promise<TextRow[]> {
  return (await world.plain.rows(query)).map((row) => ({
    exact: row.exact as string,
    approx: row.approx as (number | null)[],
  }));
}
