/** Rows as CSV (RFC 4180) with a header, written as they are computed. NULL is empty, empty text is `""`. */
import type { DataFrame, Session } from "smallpond";
import { writeOut } from "../output/write-out.ts";
import { asText } from "./as-text.ts";

export async function printCsv(session: Session, frame: DataFrame, signal: AbortSignal): Promise<void> {
  const names = (await frame.schema()).map((column) => column.name);
  await writeOut(line(names));
  for await (const rows of asText(session, frame).batches({ signal })) {
    await writeOut(rows.map((row) => line(names.map((name) => row[name] ?? null))).join(""));
  }
}

function line(cells: readonly (string | null)[]): string {
  return `${cells.map(cell).join(",")}\n`;
}

function cell(value: string | null): string {
  if (value === null) return "";
  return value === "" || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
