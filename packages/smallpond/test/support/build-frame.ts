/** A pipeline through the engine, as people would type it. */
import type { DataFrame, Session } from "../../src/index.ts";
import type { Pipeline } from "../../src/testing/index.ts";

export async function buildFrame(
  sp: Session,
  pipeline: Pipeline,
  built: Map<Pipeline, DataFrame> = new Map(),
): Promise<DataFrame> {
  const known = built.get(pipeline);
  if (known !== undefined) return known;
  const inputs: DataFrame[] = [];
  for (const input of pipeline.inputs) inputs.push(await buildFrame(sp, input, built));
  const frame = await applyStep(sp, pipeline, inputs);
  built.set(pipeline, frame);
  return frame;
}

async function applyStep(sp: Session, { step }: Pipeline, inputs: readonly DataFrame[]): Promise<DataFrame> {
  const [first, ...others] = inputs as [DataFrame, ...DataFrame[]];
  switch (step.op) {
    case "source":
      return readSource(sp, step.source);
    case "filter":
      if (step.call === null) return first.filter(step.condition);
      return first.filter(step.call.fn, { args: step.call.column });
    case "select":
      return first.select(step.items);
    case "with-columns":
      return first.withColumns(step.columns);
    case "drop":
      return first.drop(...step.names);
    case "rename":
      return first.rename(step.names);
    case "aggregate":
      return first.groupBy(step.keys).agg(step.aggregates);
    case "join": {
      const on = step.on === null ? {} : { on: "columns" in step.on ? step.on.columns : step.on };
      const partitions = step.partitions === null ? {} : { partitions: step.partitions };
      return first.join(others[0]!, { how: step.how, suffix: step.suffix, ...on, ...partitions });
    }
    case "sort":
      return first.sort(step.keys, step.partitions === null ? {} : { partitions: step.partitions });
    case "distinct":
      return first.distinct();
    case "union":
      return first.union(others, { fillMissing: step.fillMissing });
    case "limit":
      return first.limit(step.count);
    case "sql":
      return sp.sql(step.query, ...inputs);
    case "partial-sql":
      return sp.partialSql(step.query, ...inputs);
    case "repartition":
      return first.repartition(step.count, step.options);
    case "partial-sort":
      return first.partialSort(step.keys);
    case "shuffle":
      return first.randomShuffle(step.seed === null ? {} : { seed: step.seed });
    case "compute":
      return await first.compute();
    default:
      return step satisfies never;
  }
}

function readSource(sp: Session, source: Extract<Pipeline["step"], { op: "source" }>["source"]): DataFrame {
  const paths = source.files.map((file) => file.path);
  switch (source.format) {
    case "parquet":
      return sp.readParquet(paths);
    case "csv":
      return sp.readCsv(paths);
    case "json":
      return sp.readJson(paths);
    case "query":
      return sp.sql(source.sql);
    default:
      return source.format satisfies never;
  }
}
