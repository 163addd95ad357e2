/** A result in few words, the same for every order of rows and of additions. */
export function checkRows(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const lines = rows.map((row) => Object.values(row).map(text).join(","));
  let sum = 0;
  for (const line of lines)
    for (let i = 0; i < line.length; i++) sum = (sum + line.charCodeAt(i) * (1 + (i % 61))) % 1e9;
  return `${rows.length} rows, sum ${sum}`;
}

function text(value: unknown): string {
  // DuckDB's own conversion cuts to milliseconds, ours keeps the rest beside them.
  if (value instanceof Date) return String(value.getTime());
  // Sums of doubles differ in their last digits with the order of addition. Amounts have two decimals, so that a third
  // is never rounded one way here and the other way there.
  return typeof value === "number" ? value.toFixed(3) : String(value);
}
