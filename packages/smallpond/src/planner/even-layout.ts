/** Even partitions: over files where the frame is files, over rows of what was computed otherwise. */
import { PondError } from "@smallpond/base";
import { csvScanSliceSql } from "../dataset/csv.ts";
import { type CountedFile, type FileSlice, splitEvenly, splitRows } from "../dataset/file-slice.ts";
import { jsonScanSliceSql } from "../dataset/json.ts";
import { parquetScanSliceSql } from "../dataset/parquet.ts";
import { escapeGlob } from "../dataset/paths.ts";
import { quoteTexts } from "../duckdb/text.ts";
import { type FileScan, isFileScan, isRowWise, type LogicalNode } from "../logical/node.ts";
import type { EvenSpec } from "../logical/partition-spec.ts";
import type { Repartition } from "../logical/repartition.ts";
import type { PlanContext } from "./context.ts";
import { schemaOf } from "./schema-of.ts";

export type EvenLayout =
  /** Each partition reads its slices of the scan below; verbs in between run per partition. */
  | {
      readonly kind: "slices";
      readonly scan: FileScan;
      readonly groups: readonly (readonly FileSlice[])[];
      readonly sql: (partition: number) => string;
    }
  /** The input is computed first, then its rows are divided. */
  | { readonly kind: "rows-of-input" };

export async function evenLayout(context: PlanContext, node: Repartition): Promise<EvenLayout> {
  const spec = node.spec as EvenSpec;
  const scan = scanBelow(node.inputs[0]!);
  const by = await decide(context, node, spec, scan);
  if (scan === undefined || by === undefined) return { kind: "rows-of-input" };
  const files = await context.files(scan);
  const groups: FileSlice[][] =
    by === "files"
      ? splitEvenly(
          files.map((path) => ({ path })),
          spec.count,
        )
      : splitRows(await countRows(context, files), spec.count);
  const schema = await schemaOf(context, scan);
  return {
    kind: "slices",
    scan,
    groups,
    sql: (partition) => sliceSql(scan, groups[partition] ?? [], schema),
  };
}

/** How the scan itself is divided; undefined when it cannot be. */
async function decide(
  context: PlanContext,
  node: Repartition,
  spec: EvenSpec,
  scan: FileScan | undefined,
): Promise<"files" | "rows" | undefined> {
  const byFiles = scan !== undefined && !(scan.kind === "csv-scan" && scan.options.unionByName);
  const byRows = scan?.kind === "parquet-scan" && keepsRows(node.inputs[0]!);
  switch (spec.by) {
    case "files":
      if (!byFiles) throw notFiles(spec.count);
      return "files";
    case "rows":
      return byRows ? "rows" : undefined;
    case "auto":
      if (byFiles && (await context.files(scan)).length >= spec.count) return "files";
      return byRows ? "rows" : undefined;
    default:
      return spec.by satisfies never;
  }
}

function scanBelow(node: LogicalNode): FileScan | undefined {
  if (isFileScan(node)) return node;
  return isRowWise(node) ? scanBelow(node.inputs[0]!) : undefined;
}

/** Whether rows of the frame are rows of the file, so that dividing one divides the other. */
function keepsRows(node: LogicalNode): boolean {
  if (isFileScan(node)) return true;
  return (node.kind === "drop" || node.kind === "rename") && keepsRows(node.inputs[0]!);
}

function sliceSql(
  scan: FileScan,
  slices: readonly FileSlice[],
  schema: Parameters<typeof parquetScanSliceSql>[2],
): string {
  const paths = slices.map((slice) => slice.path);
  switch (scan.kind) {
    case "parquet-scan":
      return parquetScanSliceSql(slices, scan.options, schema);
    case "csv-scan":
      return csvScanSliceSql(paths, scan.options, schema);
    case "json-scan":
      return jsonScanSliceSql(paths, scan.options, schema);
    default:
      return scan satisfies never;
  }
}

async function countRows(context: PlanContext, files: readonly string[]): Promise<CountedFile[]> {
  const rows = await context.connection.rows(
    `SELECT file_name, num_rows FROM parquet_file_metadata(${quoteTexts(files.map(escapeGlob))})`,
  );
  const counts = new Map(rows.map((row) => [row.file_name as string, Number(row.num_rows)]));
  return files.map((path) => ({ path, rows: counts.get(path) ?? 0 }));
}

function notFiles(count: number): PondError {
  return new PondError("NOT_FILES", {
    kind: "invalid",
    message: `repartition(${count}, { byFiles: true }) needs a frame read from files, without steps that look at more than one row`,
    details: { count },
    hint: "leave out byFiles to divide the rows evenly",
  });
}
