/**
 * Nodes to SQL. A node is emitted *whole*, or as *part* i of its partitions; results of finished stages are read
 * where they stand in for a node. Emission is done once per stage: what differs between partitions is a function of
 * the partition's number.
 */
import { assert } from "@smallpond/base";
import { csvScanSliceSql, csvScanSql } from "../dataset/csv.ts";
import { jsonScanSliceSql, jsonScanSql } from "../dataset/json.ts";
import { parquetScanSql } from "../dataset/parquet.ts";
import { readStored, readStoredRows } from "../dataset/stored-dataset.ts";
import { isVolatile } from "../duckdb/parser.ts";
import { emptyRelation } from "../duckdb/schema.ts";
import { sortOrders } from "../duckdb/sort-keys.ts";
import { encodeList } from "../duckdb/stored-column.ts";
import { quoteName } from "../duckdb/text.ts";
import type { Join } from "../logical/join.ts";
import { type FileScan, isFileScan, isRowWise, type LogicalNode, type RowWiseNode } from "../logical/node.ts";
import type { PartialSql } from "../logical/partial-sql.ts";
import { partitionCount } from "../logical/partition-count.ts";
import type { Repartition } from "../logical/repartition.ts";
import type { Sql } from "../logical/sql.ts";
import { readsItsFiles, type Write } from "../logical/write.ts";
import type { PlanContext } from "./context.ts";
import { type EvenLayout, evenLayout } from "./even-layout.ts";
import { functionSchema } from "./function-schema.ts";
import { schemaOf } from "./schema-of.ts";
import { writtenColumns } from "./sink-work.ts";
import { type PartSql, StatementBuilder } from "./statement.ts";
import { parseUserQuery } from "./user-sql.ts";
import * as verbs from "./verbs.ts";

/** `run`: the statement will be executed. `bind`: only its columns are wanted, so partitions do not matter. */
export type EmitMode = "run" | "bind";

export class Emitter {
  readonly #context: PlanContext;
  readonly #mode: EmitMode;
  readonly #builder = new StatementBuilder();
  readonly #cheap = new Map<string, boolean>();
  #readsSession = false;

  constructor(context: PlanContext, mode: EmitMode) {
    this.#context = context;
    this.#mode = mode;
  }

  /** Whether what was emitted reads tables that only the session's own database has. */
  get home(): boolean {
    return this.#readsSession;
  }

  /** The statement for each partition, after emitting what `body` names. */
  statement(body: string): (partition: number) => string {
    return this.#builder.template(body);
  }

  /** The quoted name of the part that holds all rows of `node`. */
  async whole(node: LogicalNode): Promise<string> {
    return await this.#once(`${node.id}`, async (key) => {
      const stored = this.#context.stored(node.id);
      if (stored !== undefined) return this.#add(key, readStored(stored, null), true);
      return await this.#computeWhole(key, node);
    });
  }

  /** The quoted name of the part that holds one partition of `node`. A frame of one partition is seen whole. */
  async part(node: LogicalNode): Promise<string> {
    if (partitionCount(node) === 1) return await this.whole(node);
    return await this.#once(`${node.id}p`, async (key) => {
      const stored = this.#context.stored(node.id);
      if (stored !== undefined) return this.#add(key, (i) => readStored(stored, i), true);
      return await this.#computePart(key, node);
    });
  }

  async #computeWhole(key: string, node: LogicalNode): Promise<string> {
    if (isRowWise(node)) return await this.#rowWise(key, node, await this.whole(node.inputs[0]!));
    switch (node.kind) {
      case "parquet-scan":
      case "csv-scan":
      case "json-scan":
        return this.#add(key, await this.#scan(node), true);
      case "values":
        this.#readsSession = true;
        return this.#add(key, `SELECT * FROM ${quoteName(node.table)}`, true);
      case "aggregate":
        return this.#add(key, verbs.aggregateSql(node, await this.whole(node.inputs[0]!)), false);
      case "sort":
      case "partial-sort":
        await sortOrders(this.#context.parser, node.keys);
        return this.#add(key, verbs.sortSql(await this.whole(node.inputs[0]!), node.keys), false);
      case "distinct":
        await this.#context.parser.expressions((node.on ?? ["1"]).join("\n, "));
        return this.#add(key, verbs.distinctSql(node, await this.whole(node.inputs[0]!)), false);
      case "limit":
        return this.#add(
          key,
          `SELECT * FROM ${await this.whole(node.inputs[0]!)} LIMIT ${node.count}`,
          false,
        );
      case "union":
        return await this.#union(key, node);
      case "join":
        return await this.#join(key, node, (input) => this.whole(input));
      case "sql":
        return await this.#userQuery(key, node, (input) => this.whole(input));
      case "partial-sql":
        this.#expectComputed(node);
        return await this.#userQuery(key, node, (input) => this.whole(input));
      case "repartition":
        return await this.whole(node.inputs[0]!);
      case "random-shuffle":
        return await this.whole(node.inputs[0]!);
      case "function":
        return await this.#functionColumns(key, node);
      case "write":
        return await this.#writtenColumns(key, node);
      default:
        return node satisfies never;
    }
  }

  async #computePart(key: string, node: LogicalNode): Promise<string> {
    if (isRowWise(node)) return await this.#rowWise(key, node, await this.part(node.inputs[0]!));
    switch (node.kind) {
      case "repartition":
        assert(node.spec.kind === "even", `node ${node.id} is shuffled by a stage of its own`);
        return await this.#evenPart(key, node);
      case "partial-sql":
        return await this.#userQuery(key, node, (input) => this.part(input));
      case "partial-sort":
        return this.#add(key, verbs.sortSql(await this.part(node.inputs[0]!), node.keys), false);
      case "join":
        return await this.#join(key, node, (input) => this.part(input));
      default:
        assert(false, `a ${node.kind} has no partitions of its own (node ${node.id})`);
    }
  }

  async #scan(node: FileScan): Promise<string> {
    const files = await this.#context.files(node);
    const schema = await this.#context.inferred(node);
    switch (node.kind) {
      case "parquet-scan":
        return parquetScanSql(files, node.options);
      case "csv-scan":
        return schema === undefined
          ? csvScanSql(files, node.options)
          : csvScanSliceSql(files, node.options, schema);
      case "json-scan":
        return schema === undefined
          ? jsonScanSql(files, node.options)
          : jsonScanSliceSql(files, node.options, schema);
      default:
        return node satisfies never;
    }
  }

  async #rowWise(key: string, node: RowWiseNode, input: string): Promise<string> {
    const cheap = this.#isCheap(input);
    switch (node.kind) {
      case "filter": {
        const trees = await this.#context.parser.expressions(node.condition);
        return this.#add(key, verbs.filterSql(input, node.condition), cheap && !isVolatile(trees));
      }
      case "project": {
        const trees = await this.#context.parser.expressions(node.list);
        return this.#add(key, verbs.projectSql(input, node.list), cheap && !isVolatile(trees));
      }
      case "with-columns": {
        const trees = await Promise.all(
          Object.values(node.columns).map((sql) => this.#context.parser.expressions(sql)),
        );
        const schema = await schemaOf(this.#context, node.inputs[0]!);
        return this.#add(key, verbs.withColumnsSql(node, input, schema), cheap && !isVolatile(trees));
      }
      case "drop":
        return this.#add(
          key,
          verbs.dropSql(input, node.columns, await schemaOf(this.#context, node.inputs[0]!)),
          cheap,
        );
      case "rename":
        return this.#add(
          key,
          verbs.renameSql(node, input, await schemaOf(this.#context, node.inputs[0]!)),
          cheap,
        );
      default:
        return node satisfies never;
    }
  }

  async #union(key: string, node: Extract<LogicalNode, { kind: "union" }>): Promise<string> {
    const schemas = [];
    const names = [];
    for (const input of node.inputs) {
      schemas.push(await schemaOf(this.#context, input));
      names.push(await this.whole(input));
    }
    return this.#add(key, verbs.unionSql(node, names, schemas), false);
  }

  async #join(key: string, node: Join, emit: (input: LogicalNode) => Promise<string>): Promise<string> {
    const [left, right] = node.inputs as [LogicalNode, LogicalNode];
    const schemas = {
      left: await schemaOf(this.#context, left),
      right: await schemaOf(this.#context, right),
    };
    const sides = { left: await emit(left), right: await emit(right) };
    return this.#add(key, verbs.joinSql(node, sides, schemas), false);
  }

  /** The inputs become tables under the names the query knows them by, visible to this query only. */
  async #userQuery(
    key: string,
    node: Sql | PartialSql,
    emit: (input: LogicalNode) => Promise<string>,
  ): Promise<string> {
    const query = await parseUserQuery(this.#context.parser, node.query, node.names);
    const tables: string[] = [];
    for (const [i, input] of node.inputs.entries()) {
      const name = await emit(input);
      // A query that reads its input twice must find the same rows twice.
      for (let use = 1; use < query.uses[i]!; use++) await emit(input);
      tables.push(`${quoteName(query.aliases[i]!)} AS NOT MATERIALIZED (SELECT * FROM ${name})`);
    }
    const head = tables.length === 0 ? "" : `WITH ${tables.join(", ")} `;
    return this.#add(key, `${head}SELECT * FROM (${query.sql}\n)`, false);
  }

  async #evenPart(key: string, node: Repartition): Promise<string> {
    const input = node.inputs[0]!;
    const layout = await evenLayout(this.#context, node);
    if (layout.kind === "slices") return await this.#sliced(node, input, layout);
    const stored = this.#context.stored(input.id);
    assert(stored !== undefined, `the input of node ${node.id} was not computed`);
    return this.#add(key, readStoredRows(stored, node.spec.count), true);
  }

  /** The verbs between a repartition and the scan below it, over the partition's slice of the scan. */
  async #sliced(
    top: Repartition,
    node: LogicalNode,
    layout: Extract<EvenLayout, { kind: "slices" }>,
  ): Promise<string> {
    return await this.#once(`${top.id}s${node.id}`, async (key) => {
      if (isFileScan(node)) return this.#add(key, layout.sql, true);
      assert(isRowWise(node), `node ${node.id} does not commute with its partitions`);
      return await this.#rowWise(key, node, await this.#sliced(top, node.inputs[0]!, layout));
    });
  }

  /** For binding, a function is its output columns without rows; to run, it must have been computed. */
  async #functionColumns(key: string, node: Extract<LogicalNode, { kind: "function" }>): Promise<string> {
    this.#expectComputed(node);
    if (node.form === "filter") return await this.whole(node.inputs[0]!);
    const schema = functionSchema(this.#context.function(node), await this.#context.columns(node));
    return this.#add(key, emptyRelation(schema), true);
  }

  /** For binding, the columns as the files have them. */
  async #writtenColumns(key: string, node: Write): Promise<string> {
    this.#expectComputed(node);
    const input = node.inputs[0]!;
    if (!readsItsFiles(node)) return await this.whole(input);
    const columns = await writtenColumns(this.#context, node);
    return this.#add(key, `SELECT ${encodeList(columns)} FROM ${await this.whole(input)}`, false);
  }

  #expectComputed(node: LogicalNode): void {
    const computed = this.#mode === "bind" || (node.kind === "partial-sql" && partitionCount(node) === 1);
    assert(computed, `node ${node.id} (${node.kind}) must be computed by a stage before it is read whole`);
  }

  async #once(key: string, make: (key: string) => Promise<string>): Promise<string> {
    return this.#builder.use(key) ?? (await make(key));
  }

  #add(key: string, sql: PartSql, cheap: boolean): string {
    const name = this.#builder.add(key, sql, { cheap });
    this.#cheap.set(name, cheap);
    return name;
  }

  #isCheap(name: string): boolean {
    return this.#cheap.get(name) ?? false;
  }
}
