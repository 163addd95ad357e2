/** The tasks of a stage, and what their results make. */
import { assert } from "@smallpond/base";
import type { StoredDataset, StoredFile } from "../dataset/stored-dataset.ts";
import { parseSortKeys } from "../duckdb/sort-keys.ts";
import {
  decodedMetadata,
  emptyStored,
  encodeList,
  type StoredColumn,
  storedColumns,
} from "../duckdb/stored-column.ts";
import { freshName, quoteName, quoteText } from "../duckdb/text.ts";
import type { StageWork } from "../execution/scheduler.ts";
import type { Output, TaskResult } from "../execution/task.ts";
import type { LogicalNode } from "../logical/node.ts";
import { partitionCount } from "../logical/partition-count.ts";
import type { PartitionSpec } from "../logical/partition-spec.ts";
import type { Repartition } from "../logical/repartition.ts";
import { canonicalType } from "./canonical-type.ts";
import type { PlanContext } from "./context.ts";
import { Emitter } from "./emit.ts";
import { bindExpressions } from "./expression-types.ts";
import {
  boundsOf,
  columnExpression,
  hashExpression,
  randomExpression,
  rangeExpression,
  sortKeyExpression,
} from "./partition-expression.ts";
import { schemaOf } from "./schema-of.ts";

/** Where a stage's attempts write. */
export interface StageTarget {
  /** A directory of the stage's own, in which every attempt makes one. */
  readonly root: string;
  /** Told once, when the stage is done. */
  done(dataset: StoredDataset): Promise<void>;
  /** Removes what was written, when the stage will never be done. */
  abandon(): Promise<void>;
}

export interface WriteSettings extends Pick<Output, "format" | "hive" | "fileSizeBytes"> {
  /** How columns are written; losslessly when not given. */
  readonly columns?: readonly StoredColumn[];
  /** What is selected for the files, where that is not the columns. */
  readonly select?: string;
  readonly fileName: (partition: number) => string;
}

export const STAGING: WriteSettings = {
  format: { kind: "staging" },
  hive: null,
  fileSizeBytes: null,
  fileName: (partition) => `part-${partition}`,
};

/** One task per partition, each writing its rows to one file; a single partition is the whole frame. */
export async function computeWork(
  context: PlanContext,
  node: LogicalNode,
  target: StageTarget,
  settings: WriteSettings,
  count: number,
): Promise<StageWork> {
  const columns = settings.columns ?? storedColumns(await schemaOf(context, node));
  const emitter = new Emitter(context, "run");
  const name = count === 1 ? await emitter.whole(node) : await emitter.part(node);
  const query = emitter.statement(`SELECT ${settings.select ?? encodeList(columns)} FROM ${name}`);
  return {
    count,
    task: (index, attempt) => ({
      kind: "write",
      home: emitter.home,
      query: query(index),
      output: output(target, { task: index, attempt }, settings, columns),
    }),
    finish: (results) => target.done({ columns, partitions: results.map(filesOf) }),
    abandon: () => target.abandon(),
  };
}

/** One task per partition of the input, each dealing its rows to the new partitions. */
export async function shuffleWork(
  context: PlanContext,
  node: Repartition,
  target: StageTarget,
  settings: WriteSettings,
  bounds: readonly string[] | null,
): Promise<StageWork> {
  const input = node.inputs[0]!;
  const columns = settings.columns ?? storedColumns(await schemaOf(context, input));
  const emitter = new Emitter(context, "run");
  const rows = await emitter.part(input);
  const column = freshName(
    "__pond_partition",
    columns.map((one) => one.name),
  );
  const { count } = node.spec;
  const expression = await partitionExpression(context, node, bounds);
  const query = emitter.statement(
    `SELECT ${encodeList(columns)}, ${quoteName(column)} FROM (SELECT *, ${expression.sql} AS ${quoteName(column)} FROM ${expression.from(rows)})`,
  );
  return {
    count: partitionCount(input),
    task: (index, attempt) => ({
      kind: "write",
      home: emitter.home,
      query: query(index),
      output: {
        ...output(target, { task: index, attempt }, settings, columns),
        partitionBy: { column, count },
      },
    }),
    finish: (results) => target.done({ columns, partitions: regroup(results, count) }),
    abandon: () => target.abandon(),
  };
}

/** A target that gets a file without rows for every partition that got none, so that each has its columns. */
export function withEmptyFiles(
  context: PlanContext,
  target: StageTarget,
  settings: WriteSettings,
): StageTarget {
  return {
    ...target,
    done: async (dataset) => {
      const directory = `${target.root}/empty`;
      await context.disk.mkdir(directory, { recursive: true });
      const partitions: (readonly StoredFile[])[] = [];
      for (const [i, files] of dataset.partitions.entries()) {
        if (files.length > 0) {
          partitions.push(files);
          continue;
        }
        const path = `${directory}/${settings.fileName(i)}-empty.parquet`;
        const none = `SELECT ${encodeList(dataset.columns)} FROM (${emptyStored(dataset.columns)})`;
        await context.connection.run(`COPY (${none}) TO ${quoteText(path)} (FORMAT parquet)`);
        partitions.push([{ path, rows: 0, bytes: (await context.disk.stat(path)).size }]);
      }
      await target.done({ columns: dataset.columns, partitions });
    },
  };
}

/** A task per partition that returns a sample of sort keys, in hex. */
export async function sampleWork(
  context: PlanContext,
  node: Repartition,
  done: (bounds: readonly string[]) => void,
): Promise<StageWork> {
  assert(node.spec.kind === "range", "only ranges have bounds");
  const { keys, count } = node.spec;
  const input = node.inputs[0]!;
  await bindKeys(context, node);
  const key = sortKeyExpression(await parseSortKeys(context.connection, context.parser, keys));
  const emitter = new Emitter(context, "run");
  const rows = await emitter.part(input);
  const size = Math.max(SAMPLE_ROWS_MIN, count * SAMPLE_ROWS_PER_PARTITION);
  const query = emitter.statement(
    `SELECT hex(k) AS k FROM (SELECT ${key} AS k FROM ${rows}) USING SAMPLE reservoir(${size} ROWS) REPEATABLE (42)`,
  );
  return {
    count: partitionCount(input),
    task: (index) => ({ kind: "rows", home: emitter.home, query: query(index) }),
    finish: async (results) => {
      const sample = results.flatMap((result) => result.rows.map((row) => row.k as string));
      done(boundsOf(sample, count));
    },
    abandon: () => Promise.resolve(),
  };
}

const SAMPLE_ROWS_MIN = 2_000;
const SAMPLE_ROWS_PER_PARTITION = 200;

interface PartitionExpression {
  readonly sql: string;
  /** The relation to compute it over. */
  readonly from: (rows: string) => string;
}

async function partitionExpression(
  context: PlanContext,
  node: Repartition,
  bounds: readonly string[] | null,
): Promise<PartitionExpression> {
  const spec: PartitionSpec = node.spec;
  const from = (rows: string): string => rows;
  switch (spec.kind) {
    case "hash": {
      const types = spec.types ?? (await bindExpressions(context, node, spec.keys)).map(canonicalType);
      return { sql: hashExpression(spec.keys, types, spec.count), from };
    }
    case "column": {
      const [type] = await bindExpressions(context, node, [spec.expression]);
      return { sql: columnExpression(spec.expression, type!, spec.count), from };
    }
    case "random":
      return { sql: randomExpression(spec.count, spec.seed), from };
    case "range": {
      assert(bounds !== null, "a range shuffle needs its bounds");
      const key = sortKeyExpression(await parseSortKeys(context.connection, context.parser, spec.keys));
      return { sql: rangeExpression(key, bounds), from };
    }
    case "even":
      assert(false, "even partitions are not shuffled");
      break;
    default:
      return spec satisfies never;
  }
}

async function bindKeys(context: PlanContext, node: Repartition): Promise<void> {
  if (node.spec.kind !== "range") return;
  const keys = await parseSortKeys(context.connection, context.parser, node.spec.keys);
  await bindExpressions(
    context,
    node,
    keys.map((key) => key.expression),
  );
}

/** Where an attempt at a task writes, and how. */
export function output(
  { root }: StageTarget,
  { task, attempt }: { readonly task: number; readonly attempt: number },
  settings: WriteSettings,
  columns: readonly StoredColumn[],
): Output {
  return {
    directory: `${root}/t${task}.a${attempt}`,
    marker: `${root}/t${task}.done`,
    name: settings.fileName(task),
    partitionBy: null,
    metadata: decodedMetadata(columns),
    hive: settings.hive,
    fileSizeBytes: settings.fileSizeBytes,
    format: settings.format,
  };
}

export function filesOf(result: TaskResult): StoredFile[] {
  return result.files.map(({ path, folder, rows, bytes }) => ({
    path,
    rows,
    bytes,
    ...(folder === undefined ? {} : { folder }),
  }));
}

/** Files of all producers by the partition they hold, producers in order. */
function regroup(results: readonly TaskResult[], count: number): StoredFile[][] {
  const partitions: StoredFile[][] = Array.from({ length: count }, () => []);
  for (const result of results) {
    for (const file of [...result.files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
      assert(file.partition !== null, `${file.path} belongs to no partition`);
      partitions[file.partition]!.push({ path: file.path, rows: file.rows, bytes: file.bytes });
    }
  }
  return partitions;
}
