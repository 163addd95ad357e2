/** The three ways to give a query its frames and values, as one text with named inputs. */
import type { JsValue } from "../duckdb/values/js-value.ts";
import { sqlLiteral } from "../duckdb/values/sql-literal.ts";
import type { LogicalNode } from "../logical/node.ts";
import { DataFrame } from "./data-frame.ts";
import type { Engine } from "./engine.ts";

/** Frames for a query: in order for `{0}`, `{1}`, …, or by name. */
export type Inputs = readonly DataFrame[] | Readonly<Record<string, DataFrame>>;

/** What may stand in a tagged query: a frame becomes a table, everything else a value. */
export type SqlPart = DataFrame | JsValue;

export interface Query {
  readonly text: string;
  readonly inputs: readonly { readonly name: string; readonly node: LogicalNode }[];
}

export function queryOf(
  engine: Engine,
  query: string | TemplateStringsArray,
  rest: readonly unknown[],
): Query {
  if (typeof query !== "string") return taggedQuery(engine, query, rest as readonly SqlPart[]);
  const [first] = rest;
  const named = rest.length === 1 && !(first instanceof DataFrame) && isRecord(first);
  const entries = named
    ? Object.entries(first as Record<string, DataFrame>)
    : rest.filter((frame) => frame !== undefined).map((frame, i) => [String(i), frame as DataFrame] as const);
  return { text: query, inputs: entries.map(([name, frame]) => inputOf(engine, name, frame)) };
}

/** Frames become `{0}`, `{1}`, …; the same frame twice is the same input. Values become literals of their type. */
function taggedQuery(engine: Engine, strings: TemplateStringsArray, parts: readonly SqlPart[]): Query {
  const frames: DataFrame[] = [];
  let text = strings[0]!;
  for (const [i, part] of parts.entries()) {
    if (part instanceof DataFrame) {
      const known = frames.indexOf(part);
      text += `{${known === -1 ? frames.push(part) - 1 : known}}`;
    } else {
      text += sqlLiteral(part);
    }
    text += strings[i + 1]!;
  }
  return { text, inputs: frames.map((frame, i) => inputOf(engine, String(i), frame)) };
}

function inputOf(engine: Engine, name: string, frame: unknown): Query["inputs"][number] {
  return { name, node: DataFrame.nodeOf(frame, engine, `input {${name}} of a query`) };
}

/** An object of fields, not an instance of something. */
export function isRecord(item: unknown): boolean {
  if (typeof item !== "object" || item === null) return false;
  const prototype: unknown = Object.getPrototypeOf(item);
  return prototype === Object.prototype || prototype === null;
}
