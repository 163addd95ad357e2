/** A query's rows into files, in the format that the path names; a path that names none is a directory of Parquet. */
import { formatBytes } from "@smallpond/base";
import type { DataFrame, WriteResult } from "smallpond";

export async function writeOutput(frame: DataFrame, path: string, signal: AbortSignal): Promise<void> {
  const { rows, bytes, files } = await write(frame, path, signal);
  console.error(
    `${rows} rows, ${formatBytes(bytes)} in ${files.length === 1 ? path : `${files.length} files in ${path}`}`,
  );
}

function write(frame: DataFrame, path: string, signal: AbortSignal): Promise<WriteResult> {
  const options = { mode: "overwrite", signal } as const;
  // What is text anyhow is text all through, as it is when printed.
  const asText = { ...options, casts: "text" } as const;
  const name = path.toLowerCase().replace(/\.(gz|zst)$/, "");
  if (/\.(csv|tsv|txt)$/.test(name)) return frame.writeCsv(path, asText);
  if (/\.(jsonl|ndjson)$/.test(name)) return frame.writeJson(path, asText);
  // What people call .json is one value, as `--json` prints it.
  if (name.endsWith(".json")) return frame.writeJson(path, { ...asText, format: "array" });
  if (/\.(arrow|arrows|feather|ipc)$/.test(name)) return frame.writeArrow(path, options);
  return frame.writeParquet(path, options);
}
