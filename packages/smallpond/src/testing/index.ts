/** For tests of smallpond and of what is built on it: random tables and pipelines, and two oracles for them. */

export type { PipelineFlavour } from "./draw-step.ts";
export {
  describePipeline,
  type Pipeline,
  type PipelineColumn,
  type PipelineSource,
  type Step,
} from "./pipeline.ts";
export { drawPipeline } from "./random-pipelines.ts";
export {
  comparableSql,
  RANDOM_KINDS,
  type RandomColumn,
  type RandomTable,
  type RandomTableOptions,
  randomTable,
  randomType,
} from "./random-tables.ts";
export { ReferenceInterpreter } from "./reference-interpreter.ts";
export { renderSql } from "./render-sql.ts";
