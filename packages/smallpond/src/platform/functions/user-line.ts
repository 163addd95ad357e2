/** Where in a user's own files something was thrown, also inside of functions that were sent here. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AnyMap, type TraceMap } from "@jridgewell/trace-mapping";
import { originOf, scriptPath } from "./source-map.ts";

/** What is not the user's: Node, packages, and this one. */
const FOREIGN = /^node:|[\\/]node_modules[\\/]/;
const OWN = fileURLToPath(new URL("../../", import.meta.url));

interface Known {
  readonly read: () => string | undefined;
  /** Characters before the text on its first line. */
  readonly prefix: number;
  map?: TraceMap | undefined;
}

const known = new Map<string, Known>();

/** Tells which source map a loaded script has; it is read when something is thrown. */
export function rememberMap(script: string, read: () => string | undefined, prefix = 0): void {
  known.set(script, { read, prefix });
}

/** `/home/me/clean.ts:12:5`, the innermost line of the user's; undefined when the stack has none. */
export function userLine(error: unknown): string | undefined {
  if (!(error instanceof Error) || typeof error.stack !== "string") return undefined;
  for (const text of error.stack.split("\n")) {
    const [, script, line, column] =
      /^\s+at (?:.*\()?(?:async )?([^()\s][^()]*):(\d+):(\d+)\)?$/.exec(text) ?? [];
    if (script === undefined) continue;
    const found = placeOf(script, Number(line), Number(column));
    if (found !== undefined) return found;
  }
  return undefined;
}

function placeOf(script: string, line: number, column: number): string | undefined {
  const sent = known.get(script);
  if (sent !== undefined) {
    const map = mapOf(sent);
    const at = { line, column: column - 1 - (line === 1 ? sent.prefix : 0) };
    const origin = at.column < 0 ? undefined : map && originOf(map, at);
    return origin && !FOREIGN.test(origin.path)
      ? `${origin.path}:${origin.line}:${origin.column}`
      : undefined;
  }
  const path = scriptPath(script);
  if (path === undefined || FOREIGN.test(script) || path.startsWith(OWN)) return undefined;
  return `${path}:${line}:${column}`;
}

function mapOf(sent: Known): TraceMap | undefined {
  if (!("map" in sent)) {
    const text = sent.read();
    sent.map = text === undefined ? undefined : new AnyMap(text);
  }
  return sent.map;
}

/** The source map at the end of a file. */
export function inlineMapOf(path: string): string | undefined {
  const text = readFileSync(path, "utf8");
  const at = text.lastIndexOf("//# sourceMappingURL=data:application/json;base64,");
  return at === -1
    ? undefined
    : Buffer.from(text.slice(text.indexOf(",", at) + 1), "base64").toString("utf8");
}
