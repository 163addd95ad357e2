/** Rows as a table of text, for terminals. */
import type { Column } from "../duckdb/schema.ts";
import type { JsValue, Row } from "../duckdb/values/js-value.ts";

const CELL_MAX = 60;
const RIGHT = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*|BIGNUM)$/;

export function textTable(
  schema: readonly Column[],
  rows: readonly Row[],
  options: { readonly more?: boolean } = {},
): string {
  const cells = rows.map((row) => schema.map((column) => cellText(row[column.name] ?? null)));
  const widths = schema.map((column, i) =>
    Math.max(column.name.length, ...cells.map((row) => row[i]!.length)),
  );
  const right = schema.map((column) => RIGHT.test(column.type));
  const line = (parts: readonly string[]): string =>
    parts
      .map((part, i) => (right[i] ? part.padStart(widths[i]!) : part.padEnd(widths[i]!)))
      .join("  ")
      .trimEnd();
  const head = [
    line(schema.map((column) => column.name)),
    widths.map((width) => "─".repeat(width)).join("  "),
  ];
  const tail = options.more ? ["…"] : [];
  return [...head, ...cells.map(line), ...tail].join("\n");
}

/** One value on one line. */
export function cellText(value: JsValue): string {
  const text = valueText(value).replace(/[\n\r\t]/g, " ");
  return text.length <= CELL_MAX ? text : `${text.slice(0, CELL_MAX - 1)}…`;
}

function valueText(value: JsValue): string {
  if (value === null) return "NULL";
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString("hex")}`;
  if (value instanceof Map) {
    return `{${[...value].map(([key, one]) => `${valueText(key as JsValue)}: ${valueText(one as JsValue)}`).join(", ")}}`;
  }
  if (Array.isArray(value)) return `[${value.map((one) => valueText(one as JsValue)).join(", ")}]`;
  if (typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    return `{${Object.entries(value)
      .map(([key, one]) => `${key}: ${valueText(one as JsValue)}`)
      .join(", ")}}`;
  }
  return String(value);
}
