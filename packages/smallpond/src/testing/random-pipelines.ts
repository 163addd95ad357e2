/**
 * Random pipelines over given sources, for property tests of invariant S1.
 *
 * A pipeline is drawn from a list of numbers, one per step, so that fast-check shrinks a failure by leaving steps out:
 * every number is a seed for one step over whatever came before it. Only pipelines with one right answer are drawn:
 * limits over a total order, groups by values that print alike when they are equal, and per-partition queries over
 * divisions that a documented formula decides.
 */
import { type Random, SeededRandom } from "@smallpond/base";
import { PARTITION_DRAWS } from "./draw-partitions.ts";
import { type Draw, type DrawContext, fromSource, type PipelineFlavour } from "./draw-step.ts";
import { EXTRA_DRAWS, FRAME_DRAWS, ROW_DRAWS } from "./draw-verbs.ts";
import type { Pipeline, PipelineSource } from "./pipeline.ts";

export function drawPipeline(
  seeds: readonly number[],
  settings: { readonly sources: readonly PipelineSource[]; readonly flavour: PipelineFlavour },
): Pipeline {
  const { sources, flavour } = settings;
  let names = 0;
  const contextOf = (random: Random): DrawContext => {
    const context: DrawContext = {
      random,
      flavour,
      fresh: (stem) => `${stem}_${names++}`,
      source: () => fromSource(sources[random.int(sources.length)]!),
      side: () => {
        let side = context.source();
        for (let i = random.int(3); i > 0; i--) side = drawStep(side, context, SIDE_DRAWS);
        return side;
      },
    };
    return context;
  };
  const [first, ...rest] = seeds;
  let pipeline = contextOf(new SeededRandom(first ?? 0)).source();
  for (const seed of rest) pipeline = drawStep(pipeline, contextOf(new SeededRandom(seed)), DRAWS[flavour]);
  return pipeline;
}

function drawStep(input: Pipeline, context: DrawContext, draws: readonly Draw[]): Pipeline {
  for (let attempt = 0; attempt < 20; attempt++) {
    const drawn = draws[context.random.int(draws.length)]!(input, context);
    if (drawn !== undefined) return drawn;
  }
  return input;
}

/** What the frames that others are combined with are made of. */
const SIDE_DRAWS: readonly Draw[] = [...ROW_DRAWS, ...EXTRA_DRAWS, ...PARTITION_DRAWS.slice(0, 2)];

const DRAWS: Readonly<Record<PipelineFlavour, readonly Draw[]>> = {
  verbs: [...ROW_DRAWS, ...EXTRA_DRAWS, ...PARTITION_DRAWS, ...PARTITION_DRAWS, ...FRAME_DRAWS],
  partitions: [...ROW_DRAWS, ...EXTRA_DRAWS, ...PARTITION_DRAWS, ...PARTITION_DRAWS],
};
