/** A query's rows into Parquet. */
import { formatBytes, PondError } from "@smallpond/base";
import type { DataFrame } from "smallpond";

export async function writeOutput(frame: DataFrame, path: string, signal: AbortSignal): Promise<void> {
  if (/\.(csv|tsv|jsonl?|ndjson)$/i.test(path)) throw notParquet(path);
  const { rows, bytes, files } = await frame.writeParquet(path, { mode: "overwrite", signal });
  console.error(
    `${rows} rows, ${formatBytes(bytes)} in ${files.length === 1 ? path : `${files.length} files in ${path}`}`,
  );
}

function notParquet(path: string): PondError {
  return new PondError("BAD_ARGUMENT", {
    kind: "invalid",
    message: `--output writes Parquet, and ${path} is named otherwise`,
    hint: `use --csv or --json and send standard output there: pond sql "…" --csv > ${path}`,
  });
}
