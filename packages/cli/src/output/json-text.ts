/**
 * Values of rows as JSON that loses nothing: integers beyond what a JavaScript number holds and decimals become text,
 * so do dates, times and the floats JSON has no word for; bytes become base64.
 */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => plain(part));
}

function plain(value: unknown): unknown {
  switch (typeof value) {
    case "bigint":
      return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "object":
      if (value instanceof Map) return plainMap(value);
      return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
    default:
      return value;
  }
}

/** An object where keys are text, a list of pairs otherwise. */
function plainMap(map: ReadonlyMap<unknown, unknown>): unknown {
  const keys = [...map.keys()];
  if (keys.every((key) => typeof key === "string")) return Object.fromEntries(map);
  return [...map].map(([key, value]) => ({ key, value }));
}
