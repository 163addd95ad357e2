/** Rows as an aligned table, not more than a person reads. */
import { type DataFrame, type Session, textTable } from "smallpond";
import { writeOut } from "../output/write-out.ts";
import { asText } from "./as-text.ts";

const SHOWN_ROWS = 100;

export async function printTable(
  session: Session,
  frame: DataFrame,
  options: { readonly all: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const { all, signal } = options;
  const schema = await frame.schema();
  const text = asText(session, frame);
  const rows = await (all ? text.takeAll({ signal }) : text.take(SHOWN_ROWS + 1, { signal }));
  const more = !all && rows.length > SHOWN_ROWS;
  await writeOut(`${textTable(schema, more ? rows.slice(0, SHOWN_ROWS) : rows, { more })}\n`);
  if (more) console.error(`the first ${SHOWN_ROWS} rows; --all prints all, --output all.parquet keeps them`);
}
