/**
 * What a pipeline with partitions means (invariant S1), computed the plain way: every partition is a table of one
 * DuckDB, filled by the documented formulas, and every per-partition query runs once per partition.
 *
 * - even by files: contiguous runs of files, the first `files % n` one longer
 * - even by rows: each part takes ⌈remaining rows ÷ remaining parts⌉ in order
 * - hash: `hash(keys cast to their canonical types) % n`
 * - column: the value of the expression
 *
 * Random and range partitions depend on a draw, so any division stands for them: over those, only queries that look
 * at single rows have one answer.
 */
import type { DatabaseConnection } from "../duckdb/database.ts";
import { quoteName } from "../duckdb/text.ts";
import type { Pipeline, PipelineSource, Step } from "./pipeline.ts";
import { stepSql } from "./render-sql.ts";

/** The names of one table per partition, in order. */
type Parts = readonly string[];

export class ReferenceInterpreter {
  readonly #connection: DatabaseConnection;
  readonly #done = new Map<Pipeline, Promise<Parts>>();
  readonly #tables: string[] = [];

  constructor(connection: DatabaseConnection) {
    this.#connection = connection;
  }

  /** A query over all rows of all partitions. */
  async run(pipeline: Pipeline): Promise<string> {
    return all(await this.parts(pipeline));
  }

  /** The tables of the partitions; the same pipeline is computed once. */
  parts(pipeline: Pipeline): Promise<Parts> {
    const parts = this.#done.get(pipeline) ?? this.#compute(pipeline);
    this.#done.set(pipeline, parts);
    return parts;
  }

  async drop(): Promise<void> {
    for (const name of this.#tables.splice(0)) await this.#connection.run(`DROP TABLE ${name}`);
    this.#done.clear();
  }

  async #compute(pipeline: Pipeline): Promise<Parts> {
    const { step } = pipeline;
    switch (step.op) {
      case "filter":
      case "select":
      case "with-columns":
      case "drop":
      case "rename":
      case "partial-sort":
      case "shuffle":
      case "compute":
        return await this.#perPart(pipeline, [await this.parts(pipeline.inputs[0]!)]);
      case "partial-sql":
        return await this.#partialSql(pipeline);
      case "repartition":
        return await this.#repartition(pipeline, step);
      case "source":
      case "aggregate":
      case "join":
      case "sort":
      case "distinct":
      case "union":
      case "limit":
      case "sql": {
        const whole = [];
        for (const input of pipeline.inputs) whole.push([`(${all(await this.parts(input))})`]);
        return await this.#perPart(pipeline, whole);
      }
      default:
        return step satisfies never;
    }
  }

  /** The step over part i of every input; inputs of one part are seen whole by all. */
  async #perPart(pipeline: Pipeline, inputs: readonly Parts[]): Promise<Parts> {
    const count = Math.max(1, ...inputs.map((parts) => parts.length));
    const made: string[] = [];
    for (let i = 0; i < count; i++) {
      const from = inputs.map((parts) => (parts.length === 1 ? parts[0]! : parts[i]!));
      made.push(await this.#table(stepSql(pipeline, from)));
    }
    return made;
  }

  /** Hashed inputs of other counts or types than the first divided one are hashed again to meet it. */
  async #partialSql(pipeline: Pipeline): Promise<Parts> {
    const lead = pipeline.inputs.find((input) => input.shape.division !== null);
    const hashed = pipeline.inputs.filter((input) => input.shape.division?.hashKeys != null);
    const inputs: Parts[] = [];
    const types: string[][] = [];
    for (const input of hashed)
      types.push(await this.#canonicalTypes(input, input.shape.division!.hashKeys!));
    for (const input of pipeline.inputs) {
      const parts = await this.parts(input);
      const { division } = input.shape;
      if (division?.hashKeys == null || lead?.shape.division?.hashKeys == null) inputs.push(parts);
      else {
        const common = division.hashKeys.map((_, i) => widest(types.map((list) => list[i]!)));
        inputs.push(await this.#hash(parts, division.hashKeys, common, lead.shape.division.count));
      }
    }
    return await this.#perPart(pipeline, inputs);
  }

  async #repartition(pipeline: Pipeline, step: Extract<Step, { op: "repartition" }>): Promise<Parts> {
    const { count, options } = step;
    const input = pipeline.inputs[0]!;
    const parts = await this.parts(input);
    if (options.hashBy !== undefined) {
      const keys = typeof options.hashBy === "string" ? [options.hashBy] : options.hashBy;
      return await this.#hash(parts, keys, await this.#canonicalTypes(input, keys), count);
    }
    if (options.by !== undefined) return await this.#deal(parts, options.by, count);
    const scan = options.byRows ? undefined : scanBelow(input);
    if (scan !== undefined && (options.byFiles === true || scan.source.files.length >= count)) {
      return await this.#byFiles(input, scan.source, count);
    }
    const [row] = await this.#connection.rows(`SELECT count(*) AS n FROM (${all(parts)})`);
    return await this.#slices(`(${all(parts)})`, rowSizes(Number(row!.n), count));
  }

  async #hash(
    parts: Parts,
    keys: readonly string[],
    types: readonly string[],
    count: number,
  ): Promise<Parts> {
    const casts = keys.map((key, i) => `CAST(${key} AS ${types[i]})`);
    return await this.#deal(parts, `hash(${casts.join(", ")}) % ${count}`, count);
  }

  async #deal(parts: Parts, expression: string, count: number): Promise<Parts> {
    const made: string[] = [];
    for (let i = 0; i < count; i++) {
      made.push(await this.#table(`SELECT * FROM (${all(parts)}) WHERE (${expression}) = ${i}`));
    }
    return made;
  }

  /** Rows of a scan come file by file, so runs of files are runs of its rows; row-wise steps follow. */
  async #byFiles(input: Pipeline, source: PipelineSource, count: number): Promise<Parts> {
    const { files } = source;
    const sizes = Array.from({ length: count }, (_, i) => {
      const longer = files.length % count;
      const size = Math.floor(files.length / count);
      const start = i * size + Math.min(i, longer);
      return files
        .slice(start, start + size + (i < longer ? 1 : 0))
        .reduce((sum, file) => sum + file.rows, 0);
    });
    const chain = chainOf(input);
    let parts = await this.#slices(`(${source.sql})`, sizes);
    for (const one of chain) parts = await this.#perPart(one, [parts]);
    return parts;
  }

  async #slices(from: string, sizes: readonly number[]): Promise<Parts> {
    const made: string[] = [];
    let offset = 0;
    for (const size of sizes) {
      made.push(await this.#table(`SELECT * FROM ${from} LIMIT ${size} OFFSET ${offset}`));
      offset += size;
    }
    return made;
  }

  async #canonicalTypes(input: Pipeline, keys: readonly string[]): Promise<string[]> {
    const [part] = await this.parts(input);
    const rows = await this.#connection.rows(
      `DESCRIBE SELECT ${keys.map((key, i) => `${key} AS k${i}`).join(", ")} FROM ${part}`,
    );
    return rows.map((row) => canonical(row.column_type as string));
  }

  async #table(sql: string): Promise<string> {
    const name = quoteName(`reference_${this.#tables.length}`);
    await this.#connection.run(`CREATE TEMP TABLE ${name} AS ${sql}`);
    this.#tables.push(name);
    return name;
  }
}

function all(parts: Parts): string {
  return parts.map((name) => `SELECT * FROM ${name}`).join(" UNION ALL ");
}

function rowSizes(rows: number, count: number): number[] {
  let remaining = rows;
  return Array.from({ length: count }, (_, i) => {
    const size = Math.ceil(remaining / (count - i));
    remaining -= size;
    return size;
  });
}

/** A kept result is still read from the files below it. */
const ROW_WISE = new Set<Step["op"]>(["filter", "select", "with-columns", "drop", "rename", "compute"]);

/** The files below, if there are only SQL verbs over single rows in between. */
function scanBelow(pipeline: Pipeline): Extract<Step, { op: "source" }> | undefined {
  const { step, inputs } = pipeline;
  if (step.op === "source") return step.source.format === "query" ? undefined : step;
  const calls = step.op === "filter" && step.call !== null;
  return ROW_WISE.has(step.op) && !calls ? scanBelow(inputs[0]!) : undefined;
}

/** The row-wise steps over a source, the one nearest to it first. */
function chainOf(pipeline: Pipeline): Pipeline[] {
  if (pipeline.step.op === "source") return [];
  return [...chainOf(pipeline.inputs[0]!), pipeline];
}

/** The documented type a hash key is cast to. */
function canonical(type: string): string {
  if (/^(TINYINT|SMALLINT|INTEGER|BIGINT|UTINYINT|USMALLINT|UINTEGER)$/.test(type)) return "BIGINT";
  if (/^(UBIGINT|HUGEINT)$/.test(type)) return "HUGEINT";
  if (/^(FLOAT|DOUBLE)$/.test(type)) return "DOUBLE";
  if (/^(TIMESTAMP_S|TIMESTAMP_MS)$/.test(type)) return "TIMESTAMP";
  if (/^(ENUM\(|JSON$)/.test(type)) return "VARCHAR";
  return type.replace(/^DECIMAL\(\d+,\s*(\d+)\)$/, "DECIMAL(38,$1)");
}

/** The canonical type that holds all of these. */
function widest(types: readonly string[]): string {
  const order = ["BIGINT", "HUGEINT", "DOUBLE"];
  const wide = order.filter((type) => types.includes(type)).at(-1);
  return wide ?? types[0]!;
}
