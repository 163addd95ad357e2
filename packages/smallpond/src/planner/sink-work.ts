/** How a sink writes its rows: as the readers of its format know them. */
import { PondError } from "@smallpond/base";
import type { BoundSchema } from "../duckdb/database.ts";
import { raiseSql } from "../duckdb/raise.ts";
import { findColumn, type TypedColumn } from "../duckdb/schema.ts";
import { jsonRow, sinkColumns } from "../duckdb/sink-columns.ts";
import type { StoredColumn } from "../duckdb/stored-column.ts";
import { freshName, quoteName, quoteText } from "../duckdb/text.ts";
import type { Write } from "../logical/write.ts";
import type { PlanContext } from "./context.ts";
import { schemaOf } from "./schema-of.ts";
import type { WriteSettings } from "./stage-work.ts";

/** The columns of the node's input as its format has them. */
export async function writtenColumns(context: PlanContext, node: Write): Promise<StoredColumn[]> {
  const { format, castsToText } = node.spec;
  const schema = await schemaOf(context, node.inputs[0]!);
  return sinkColumns(schema, { format: format.kind, text: castsToText });
}

export async function sinkSettings(context: PlanContext, node: Write): Promise<WriteSettings> {
  const { format, fileSizeBytes, keepPartitionColumns, castsToText } = node.spec;
  const schema = await schemaOf(context, node.inputs[0]!);
  const folders = folderColumns(schema, node.spec.partitionBy);
  const settings = {
    format,
    fileSizeBytes,
    hive: null,
    fileName: (partition: number) => `part-${String(partition).padStart(5, "0")}`,
  };
  if (folders.length > 0 && folders.length === schema.length && !keepPartitionColumns) throw nothingLeft();
  const columns = await writtenColumns(context, node);
  if (format.kind !== "json") {
    const guarded = columns.map((column) => withFolderCheck(column, folders));
    return {
      ...settings,
      columns: guarded,
      ...hive(
        folders.map(({ name }) => name),
        keepPartitionColumns,
      ),
    };
  }
  const inFile = keepPartitionColumns ? schema : schema.filter((column) => !folders.includes(column));
  const row = freshName(
    "json",
    schema.map(({ name }) => name),
  );
  const aside = folders.map((column) => `${folderSql(column)} AS ${quoteName(column.name)}`);
  const select = [`${jsonRow(inFile, castsToText)} AS ${quoteName(row)}`, ...aside].join(", ");
  return {
    ...settings,
    columns,
    select,
    ...hive(
      folders.map(({ name }) => name),
      false,
    ),
  };
}

function hive(columns: readonly string[], keep: boolean): Pick<WriteSettings, "hive"> {
  return { hive: columns.length === 0 ? null : { columns, keep } };
}

/** The columns that become directories, as the frame spells them. */
function folderColumns(schema: BoundSchema, names: readonly string[]): TypedColumn[] {
  return names.map((name) => {
    const found = findColumn(schema, name);
    const column = schema.find((one) => one === found);
    if (column === undefined) throw unknownColumn(name, schema);
    if (!FOLDER_TYPES.test(column.type)) throw noFolder(column);
    return column;
  });
}

function withFolderCheck(column: StoredColumn, folders: readonly TypedColumn[]): StoredColumn {
  const folder = folders.find(({ name }) => name === column.name);
  if (folder === undefined) return column;
  const encode = folderSql(folder);
  return { ...column, encode: encode === quoteName(folder.name) ? null : encode };
}

/** Types whose text readers turn back into the value. */
const FOLDER_TYPES =
  /^(BOOLEAN|U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL.*\d\)|VARCHAR|DATE|TIMESTAMP(_S|_MS|_NS)?|TIMESTAMP WITH TIME ZONE|UUID|ENUM\(.*\))$/s;

const NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__";

/** NULL has a name of its own, which then cannot be a text; a text that is empty has none that every reader knows. */
function folderSql({ name, type }: TypedColumn): string {
  const sql = quoteName(name);
  if (!/^(VARCHAR|ENUM)/.test(type)) return sql;
  const message = quoteText(`column "${name}": a directory of partitionBy cannot be named `);
  const hint = `write nullif("${name}", '') for an empty text, or partition by another column`;
  const raise = raiseSql("UNSUPPORTED_VALUE", `${message} || '"' || CAST(${sql} AS VARCHAR) || '"'`, hint);
  return `CASE WHEN CAST(${sql} AS VARCHAR) IN ('', ${quoteText(NULL_FOLDER)}) THEN ${raise} ELSE ${sql} END`;
}

function unknownColumn(name: string, schema: BoundSchema): PondError {
  return new PondError("UNKNOWN_COLUMN", {
    kind: "invalid",
    message: `partitionBy names the column "${name}", which the frame does not have`,
    details: { column: name },
    hint: `the columns are ${schema.map((column) => column.name).join(", ")}`,
  });
}

function noFolder({ name, type }: TypedColumn): PondError {
  return new PondError("UNSUPPORTED_TYPE", {
    kind: "invalid",
    message: `column "${name}" has type ${type}, which no directory can be named after`,
    details: { column: name, type },
    hint: `partition by a column of text, numbers or dates; try { casts: { "${name}": "VARCHAR" } }`,
  });
}

function nothingLeft(): PondError {
  return new PondError("BAD_ARGUMENT", {
    kind: "invalid",
    message: "partitionBy names every column, so that nothing is left for the files",
    details: {},
    hint: "name fewer columns, or pass { keepPartitionColumns: true }",
  });
}
