/** Whether values at the top of a file still are what they were declared as, asked of the process that runs it. */
import { isDeepStrictEqual } from "node:util";
import { Script } from "node:vm";
import type { Obstacle } from "../../functions/errors.ts";
import type { PureContext } from "../../functions/source/pure.ts";
import { slice } from "../../functions/source/slice.ts";
import { valuesAround } from "./locate.ts";

/** What is known of a file that runs: a function of it, and what some of its names hold. */
export interface Witness {
  readonly fn: (...args: never) => unknown;
  readonly known: ReadonlyMap<string, unknown>;
}

/** Those that have been changed, or that nobody can tell of. */
export function changedNames(
  names: readonly string[],
  context: PureContext,
  witness: Witness | undefined,
): Obstacle[] {
  if (names.length === 0) return [];
  const around = witness === undefined ? [] : valuesAround(witness.fn, new Set(names));
  const values = new Map([...around, ...(witness?.known ?? [])]);
  return names
    .filter((name) => !values.has(name) || !isAsDeclared(values.get(name), name, context))
    .map((name) => ({
      name,
      why: values.has(name) ? "was changed by other code" : "may be changed by other code",
    }));
}

function isAsDeclared(value: unknown, name: string, context: PureContext): boolean {
  const declared = slice(context, [name], { imports: false });
  if (declared.kind === "unsound") return false;
  try {
    const program = new Script(`"use strict"; (() => { ${declared.text}\nreturn ${name}; })()`);
    return isSame(program.runInThisContext(), value);
  } catch {
    // It needs what it imports.
    return false;
  }
}

/** Deeply equal; functions by their source, because each evaluation makes new ones. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a === "function" && typeof b === "function") return String(a) === String(b);
  if (!isPlain(a) || !isPlain(b)) return isDeepStrictEqual(a, b);
  const keys = Reflect.ownKeys(a);
  return (
    keys.length === Reflect.ownKeys(b).length &&
    Array.isArray(a) === Array.isArray(b) &&
    keys.every((key) => Object.hasOwn(b, key) && isSame(Reflect.get(a, key), Reflect.get(b, key)))
  );
}

function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null;
}
