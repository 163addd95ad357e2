/** What `select` takes, as the list of one SELECT. */
import { nothingGiven } from "./arguments.ts";

/** SQL text, or expressions by the names of their columns. */
export function selectList(columns: readonly (string | Readonly<Record<string, string>>)[]): string {
  const items = columns.flatMap((column) =>
    typeof column === "string"
      ? [column]
      : Object.entries(column).map(
          ([name, expression]) => `(${expression}\n) AS "${name.replaceAll('"', '""')}"`,
        ),
  );
  if (items.length === 0) throw nothingGiven("select", "a column or expression");
  return items.join(", ");
}
