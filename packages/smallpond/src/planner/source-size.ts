/** What files, kept results and rows of the program hold, from footers and sizes: nothing but a sample is read. */
import { escapeGlob } from "../dataset/paths.ts";
import { datasetBytes, datasetRows, type StoredDataset } from "../dataset/stored-dataset.ts";
import type { BoundSchema } from "../duckdb/database.ts";
import { quoteName, quoteTexts } from "../duckdb/text.ts";
import type { FileScan } from "../logical/node.ts";
import type { Values } from "../logical/values.ts";
import type { PlanContext } from "./context.ts";
import { type ColumnSizes, valueBytes } from "./size.ts";

/** Footers that are read; of more files, some that lie evenly among them stand for all. */
const FOOTERS_MAX = 64;
/** Text in dictionaries is written out in intermediate files, where it takes about that much more after compression. */
const DICTIONARY_FACTOR = 2;
/** Text files and what their rows take as intermediate files. */
const TEXT_FACTOR = 0.6;
const COMPRESSED_FACTOR = 3;

export async function scanSize(
  context: PlanContext,
  scan: FileScan,
  schema: BoundSchema,
): Promise<ColumnSizes> {
  const files = await context.files(scan);
  if (scan.kind === "parquet-scan") return await parquetSize(context, files, schema);
  let bytes = 0;
  for (const file of files) {
    const { size } = await context.disk.stat(file);
    bytes += /\.(gz|zst)$/.test(file) ? size * COMPRESSED_FACTOR : size;
  }
  return { rows: null, certainty: "about", columns: shared(bytes * TEXT_FACTOR, schema) };
}

async function parquetSize(
  context: PlanContext,
  files: readonly string[],
  schema: BoundSchema,
): Promise<ColumnSizes> {
  const looked = spread(files, FOOTERS_MAX);
  const list = quoteTexts(looked.map(escapeGlob));
  const share = looked.length / Math.max(1, files.length);
  const [counted] = await context.connection.rows(
    `SELECT sum(num_rows) AS rows FROM parquet_file_metadata(${list})`,
  );
  const rows = Math.round(Number(counted?.rows ?? 0) / share);
  const found = await context.connection.rows(
    `SELECT split_part(path_in_schema, ', ', 1) AS name, sum(total_uncompressed_size * CASE
       WHEN type = 'BYTE_ARRAY' AND encodings LIKE '%DICTIONARY%' THEN ${DICTIONARY_FACTOR} ELSE 1 END) AS bytes
     FROM parquet_metadata(${list}) GROUP BY ALL`,
  );
  const bytes = new Map(found.map((row) => [row.name as string, Number(row.bytes) / share]));
  // A column of a `key=value` directory is in no file.
  const columns = schema.map(({ name, type }): [string, number] => [
    name,
    bytes.get(name) ?? rows * valueBytes(type),
  ]);
  return { rows, certainty: "about", columns: new Map(columns) };
}

export function storedSize(dataset: StoredDataset): ColumnSizes {
  return {
    rows: datasetRows(dataset),
    certainty: "exact",
    columns: shared(datasetBytes(dataset), dataset.columns),
  };
}

export async function valuesSize(
  context: PlanContext,
  node: Values,
  schema: BoundSchema,
): Promise<ColumnSizes> {
  const texts = schema.filter((column) => column.type === "VARCHAR").map(({ name }) => quoteName(name));
  const sums = texts.map((name, i) => `sum(strlen(${name})) AS t${i}`);
  const from = `FROM ${quoteName(node.table)}`;
  const row = await context.connection.row(`SELECT ${["count(*) AS rows", ...sums].join(", ")} ${from}`);
  const rows = Number(row.rows);
  const columns = schema.map(({ name, type }): [string, number] => {
    const text = texts.indexOf(quoteName(name));
    return [name, text === -1 ? rows * valueBytes(type) : Number(row[`t${text}`] ?? 0)];
  });
  return { rows, certainty: "about", columns: new Map(columns) };
}

/** Bytes dealt to columns by what their types take. */
function shared(
  bytes: number,
  schema: readonly { readonly name: string; readonly type: string }[],
): Map<string, number> {
  const weights = schema.map(({ type }) => valueBytes(type));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  return new Map(schema.map(({ name }, i) => [name, (bytes * weights[i]!) / all]));
}

function spread<T>(items: readonly T[], count: number): readonly T[] {
  if (items.length <= count) return items;
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]!);
}
