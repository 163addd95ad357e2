/**
 * How columns are written for people: as DuckDB does, except where that would lose something without a word.
 *
 * DuckDB writes HUGEINT into Parquet as DOUBLE (18446744073709551613 came back as 18446744073709552000), intervals
 * modulo 2^32 milliseconds, and NaN into JSON. What a format has no form for is refused, at any depth, unless people
 * said `casts: "text"`; values that do not fit are found by the query that writes them.
 */
import { type DuckDBMapType, type DuckDBStructType, type DuckDBType, DuckDBTypeId } from "@duckdb/node-api";
import type { BoundSchema } from "./database.ts";
import { jsonText, needsOwnText } from "./json-text.ts";
import { type Change, mapList, mapNested } from "./map-nested.ts";
import { raiseSql } from "./raise.ts";
import type { TypedColumn } from "./schema.ts";
import { type SinkFormat, type SinkRule, sinkRule } from "./sink-rules.ts";
import type { StoredColumn } from "./stored-column.ts";
import { quoteName, quoteText } from "./text.ts";
import { childTypes, isUnnamedStruct, typedNull, typeText } from "./type-text.ts";
import { type ValueError, valueError } from "./values/errors.ts";

export interface SinkOptions {
  readonly format: SinkFormat;
  /** Writes what the format has no form for as text, instead of refusing it. */
  readonly text: boolean;
}

/** The columns as they are written. Throws UNSUPPORTED_TYPE for the first one that cannot be. */
export function sinkColumns(schema: BoundSchema, options: SinkOptions): StoredColumn[] {
  return schema.map((column) => {
    const name = quoteName(column.name);
    const sql = new Conversion(column, options).convert(column.tree, name, 0);
    return {
      name: column.name,
      type: typeText(column.tree),
      nullSql: typedNull(column.tree),
      encode: sql === name ? null : sql,
      decode: null,
    };
  });
}

/** One JSON object per row, as text: the rows of a JSON file. */
export function jsonRow(schema: BoundSchema, text: boolean): string {
  const options: SinkOptions = { format: "json", text };
  const values = schema.map((column) => ({
    column,
    sql: new Conversion(column, options).convert(column.tree, quoteName(column.name), 0),
  }));
  if (!schema.some((column) => needsOwnText(column.tree))) {
    const fields = values.map(({ column, sql }) => `${quoteName(column.name)} := ${sql}`);
    return `CAST(to_json(struct_pack(${fields.join(", ")})) AS VARCHAR)`;
  }
  const fields = values.map(
    ({ column, sql }) =>
      `${quoteText(`${JSON.stringify(column.name)}:`)} || ${jsonText(column.tree, sql, 0)}`,
  );
  return `'{' || ${fields.join(" || ',' || ")} || '}'`;
}

/** The conversion of one column. */
class Conversion {
  readonly #column: TypedColumn;
  readonly #options: SinkOptions;

  constructor(column: TypedColumn, options: SinkOptions) {
    this.#column = column;
    this.#options = options;
  }

  readonly convert: Change = (type, sql, depth) => {
    if (!this.#changes(type)) return sql;
    const rule = sinkRule(this.#options.format, type);
    if (rule !== undefined) return this.#byRule(type, rule, sql, depth);
    if (type.typeId === DuckDBTypeId.ARRAY) return mapList(childTypes(type)[0]!, sql, depth, this.convert);
    if (type.typeId === DuckDBTypeId.UNION)
      throw this.#refusal(type, "with members that would have to be written as something else", "to_json(x)");
    return mapNested(type, sql, depth, this.convert);
  };

  #byRule(type: DuckDBType, rule: SinkRule, sql: string, depth: number): string {
    const { format, text } = this.#options;
    if (rule.kind === "checked") {
      const raise = raiseSql(
        "UNSUPPORTED_VALUE",
        `${quoteText(`column "${this.#column.name}": `)} || CAST(${sql} AS VARCHAR) || ${quoteText(` ${rule.why}`)}`,
        `try ${rule.cast} in the query, or leave such rows out`,
      );
      return `CASE WHEN ${rule.misfit(sql)} THEN ${raise} ELSE ${rule.sql(sql)} END`;
    }
    if (!text) throw this.#refusal(type, rule.why, rule.cast);
    if (childTypes(type).length === 0 || format === "json") return rule.text(sql);
    // Its text is JSON, so what is inside has to be what JSON can hold.
    const inside = new Conversion(this.#column, { format: "json", text });
    return needsOwnText(type)
      ? jsonText(type, inside.convert(type, sql, depth), depth)
      : rule.text(inside.convert(type, sql, depth));
  }

  /** Whether anything of the type is written as something else. */
  #changes(type: DuckDBType): boolean {
    if (this.#options.format === "json") this.#checkForm(type);
    if (sinkRule(this.#options.format, type) !== undefined) return true;
    return childTypes(type).some((child) => this.#changes(child));
  }

  /** In JSON fields have names and keys are text. */
  #checkForm(type: DuckDBType): void {
    if (type.typeId === DuckDBTypeId.STRUCT && isUnnamedStruct(type as DuckDBStructType))
      throw this.#refusal(type, "with fields that have no names", "a struct with names, such as {'a': x[1]}");
    if (type.typeId === DuckDBTypeId.UNION && needsOwnText(type))
      throw this.#refusal(type, "with members that would be written as something else", "union_tag(x)");
    const key = type.typeId === DuckDBTypeId.MAP ? (type as DuckDBMapType).keyType : undefined;
    if (key !== undefined && (childTypes(key).length > 0 || sinkRule("json", key)?.kind === "refused"))
      throw this.#refusal(type, "with keys that are no text", "map_entries(x)");
  }

  #refusal(type: DuckDBType, why: string, cast: string): ValueError {
    const { name, tree } = this.#column;
    const inside = tree === type ? "" : ` with ${typeText(type)} inside`;
    const sql = cast.replaceAll(/\bx\b/g, () => (tree === type ? quoteName(name) : "it"));
    const message = `column "${name}" has type ${typeText(tree)}${inside}, ${why}`;
    const hint = `write ${sql} instead, pass { casts: "text" }, or leave the column out`;
    return valueError("UNSUPPORTED_TYPE", message, { column: name, type: typeText(type) }, hint);
  }
}
