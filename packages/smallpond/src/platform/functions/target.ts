/** What was passed as a function, taken apart, or refused when it can be none. */
import { types } from "node:util";
import { functionError, notAFunction, withoutSource } from "../../functions/errors.ts";
import { type FunctionText, parseFunction } from "../../functions/source/function-text.ts";
import { functionAt } from "../../functions/source/program.ts";
import { walk } from "../../functions/source/walk.ts";
import { isStatefulFunction } from "../../functions/user-function.ts";
import { locate, type Place } from "./locate.ts";
import { type ModuleText, placeIn, runningText } from "./module-text.ts";
import type { UserPlace } from "./source-map.ts";

export type PartName = "call" | "setup" | "teardown";

type FunctionValue = (...args: never) => unknown;

/** One function of what was passed. */
export interface Part {
  readonly name: PartName;
  readonly value: FunctionValue;
  readonly text: FunctionText;
  readonly place: Place | undefined;
}

export interface Target {
  /** What errors call it. */
  readonly name: string;
  readonly value: unknown;
  readonly isStateful: boolean;
  /** Whether it is an object with more than its parts. */
  readonly hasMore: boolean;
  /** `call` first. */
  readonly parts: readonly [Part, ...Part[]];
  /** The script that all parts stand in. */
  readonly running: ModuleText | undefined;
  /** Where the user wrote it. */
  readonly origin: UserPlace | undefined;
}

/** @throws NOT_A_FUNCTION, FUNCTION_WITHOUT_SOURCE, FUNCTION_UNREADABLE */
export function targetOf(fn: unknown, name: string): Target {
  const functions = functionsOf(fn, name);
  const texts = functions.map(([part, value]) => textOf(value, part === "call" ? name : `${name}.${part}`));
  const places = locate(functions.map(([, value]) => value));
  const parts = functions.map(([part, value], at) => ({
    name: part,
    value,
    text: texts[at]!,
    place: places[at],
  }));
  const [first] = places;
  const together = parts.every(({ place }) => place !== undefined && place.script === first?.script);
  const running = first !== undefined && together ? runningText(first.script) : undefined;
  return {
    name,
    value: fn,
    isStateful: typeof fn !== "function",
    hasMore: typeof fn !== "function" && !hasOnlyParts(fn as object),
    parts: parts as unknown as [Part, ...Part[]],
    running,
    origin: first && running && originIn(running, first.offset),
  };
}

/** The line of the first part of a function that the map knows of: not every bracket is in it. */
function originIn(module: ModuleText, offset: number): UserPlace | undefined {
  let found = placeIn(module, offset);
  const node = found === undefined ? functionAt(module.program, offset) : undefined;
  if (node !== undefined) {
    walk(node, (part) => {
      found ??= placeIn(module, part.start);
      return found === undefined;
    });
  }
  return found;
}

function functionsOf(fn: unknown, name: string): [PartName, FunctionValue][] {
  if (typeof fn === "function") return [["call", fn as FunctionValue]];
  if (!isStatefulFunction(fn)) throw noFunction(fn, name);
  const { call, setup, teardown } = fn;
  if (teardown !== undefined && typeof teardown !== "function") {
    throw notAFunction(
      `${name}.teardown`,
      describe(teardown),
      "leave it out, or make it a function of the state",
    );
  }
  const parts: [PartName, FunctionValue][] = [
    ["call", call],
    ["setup", setup],
  ];
  if (teardown !== undefined) parts.push(["teardown", teardown]);
  return parts;
}

function hasOnlyParts(object: object): boolean {
  const isPlain = Object.getPrototypeOf(object) === Object.prototype;
  return isPlain && Reflect.ownKeys(object).every((key) => PARTS.has(key));
}

const PARTS: ReadonlySet<PropertyKey> = new Set(["setup", "call", "teardown"]);

function textOf(fn: FunctionValue, name: string): FunctionText {
  const source = Function.prototype.toString.call(fn);
  if (types.isProxy(fn))
    throw withoutSource(name, "a proxy", "a function that calls it, exported from a module");
  if (/\{\s*\[native code\]\s*\}$/.test(source)) {
    const bound = fn.name.startsWith("bound ");
    throw bound
      ? withoutSource(name, "a bound function", "a function that takes what it was bound to from { args }")
      : withoutSource(
          name,
          "a native function",
          `a function that calls it: (value) => ${fn.name || "native"}(value)`,
        );
  }
  const text = parseFunction(source);
  if (text === "class") {
    throw notAFunction(
      name,
      `the class ${fn.name}`,
      "pass a function, or { setup, call } with the instance as state",
    );
  }
  if (text !== undefined) return text;
  throw functionError("FUNCTION_UNREADABLE", name, {
    message: `the source of ${name}() cannot be read outside of its file`,
    hint: "export it from a module of its own, or keep the function in the session's process with { inProcess: true }",
  });
}

function noFunction(fn: unknown, name: string): Error {
  const half = typeof fn === "object" && fn !== null && ("call" in fn || "setup" in fn);
  if (half) {
    return notAFunction(
      name,
      "an object without both setup() and call()",
      "give it setup() and call(), or pass a function",
    );
  }
  return notAFunction(
    name,
    describe(fn),
    'pass a function, { setup, call, teardown }, or fromModule(import.meta.url, "name")',
  );
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a list";
  if (typeof value !== "object") return `a ${typeof value}`;
  const className = (value.constructor as { name?: string } | undefined)?.name;
  return className === undefined || className === "Object" ? "an object" : `an instance of ${className}`;
}
