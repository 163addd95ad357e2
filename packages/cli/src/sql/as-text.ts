/** A frame with every value as DuckDB writes it, so that no digit, date or nested value changes on the way out. */
import type { DataFrame, Row, Session } from "smallpond";

export type TextRow = Row & Record<string, string | null>;

export function asText(session: Session, frame: DataFrame): DataFrame<TextRow> {
  return session.sql<TextRow>("SELECT COLUMNS(*)::VARCHAR FROM {0}", frame);
}
