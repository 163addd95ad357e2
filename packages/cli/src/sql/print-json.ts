/** Rows as one JSON array, a row per line, written as they are computed. */
import type { DataFrame } from "smallpond";
import { jsonText } from "../output/json-text.ts";
import { writeOut } from "../output/write-out.ts";

export async function printJson(frame: DataFrame, signal: AbortSignal): Promise<void> {
  let before = "[";
  for await (const rows of frame.batches({ signal })) {
    if (rows.length === 0) continue;
    await writeOut(before + rows.map(jsonText).join(",\n"));
    before = ",\n";
  }
  await writeOut(before === "[" ? "[]\n" : "]\n");
}
