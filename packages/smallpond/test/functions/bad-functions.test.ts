/** What cannot be called in another process is refused when it is given, by name and with the ways out. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { PondError } from "@smallpond/base";
import { NodeDisk } from "@smallpond/base/platform/node";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FunctionCode } from "../../src/functions/spec.ts";
import { fromModule, type UserFunction } from "../../src/index.ts";
import { captureFunction } from "../../src/platform/functions/capture.ts";
import { loadFunction } from "../../src/platform/functions/load.ts";
import { failureOf, here } from "../support/failure.ts";
import * as lib from "./fixtures/lib.ts";
import { base as tenfold } from "./fixtures/lib.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "pond-functions-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function capture(fn: unknown, name = "clean"): Promise<FunctionCode> {
  const settings = { name, disk: new NodeDisk(), directory: join(directory, "functions") };
  return captureFunction(fn as UserFunction, settings);
}

function refusal(fn: unknown): Promise<PondError> {
  return failureOf(capture(fn));
}

test("free variables are named as they were written, with their place and the ways out", async () => {
  const rate = 3;
  let offset = 1;
  offset++;
  const fn = (n: number): number => tenfold(n) * rate + offset + lib.base(n);
  const line = here(-1);
  const error = await refusal(fn);
  expect(error).toMatchObject({ code: "FREE_VARIABLE", kind: "invalid" });
  expect((error.details as { variables: string[] }).variables.toSorted()).toEqual([
    "lib",
    "offset",
    "rate",
    "tenfold",
  ]);
  expect(error.message).toContain(line);
  expect(error.hint).toContain("{ args: { tenfold, rate, offset, lib } }");
  expect(error.hint).toContain('fromModule(import.meta.url, "name")');
  expect(error.hint).toContain("{ inProcess: true }");
});

class Rules {
  readonly #factor = 2;
  arrow(): unknown {
    return (n: number) => n * this.#factor;
  }
  own(): unknown {
    return (n: number) => [this, n];
  }
}
class Sub extends Rules {
  override arrow(): unknown {
    return () => super.arrow();
  }
}
class Words {
  readonly k = 2;
  setup(): number {
    return 1;
  }
  call(n: number): number {
    return n + this.k;
  }
}
function callsThis(this: { readonly k: number }, n: number): number {
  return n + this.k;
}
function outer(..._: number[]): unknown {
  // biome-ignore lint/complexity/noArguments: what a function of the code around it has been given
  return () => arguments.length;
}

test.each<[what: string, fn: unknown, names: readonly string[]]>([
  ["this", new Rules().own(), ["this"]],
  ["a private field", new Rules().arrow(), ["#factor", "this"]],
  ["super", new Sub().arrow(), ["super"]],
  ["arguments of a function around it", outer(1), ["arguments"]],
  ["import()", async () => await import("./fixtures/lib.ts"), ["import()"]],
  ["import.meta", () => import.meta.url, ["import.meta"]],
  ["a variable that it changes", () => directory.length, ["directory"]],
  ["an object of a class", new Words(), ["this"]],
  ["an object with more than its functions", { k: 1, setup: () => 1, call: callsThis }, ["this"]],
  ["a variable of setup()", { setup: () => directory, call: (n: number) => n }, ["directory"]],
])("refuses %s in an inline function", async (_, fn, names) => {
  const error = await refusal(fn);
  expect(error.code).toBe("FREE_VARIABLE");
  expect((error.details as { variables: string[] }).variables.toSorted()).toEqual(names);
});

test.each<[what: string, fn: unknown, code: string, message: string]>([
  ["a native function", JSON.parse, "FUNCTION_WITHOUT_SOURCE", "clean() is a native function"],
  ["a bound function", function own(this: unknown) {}.bind(1), "FUNCTION_WITHOUT_SOURCE", "a bound function"],
  ["a proxy", new Proxy(() => 1, {}), "FUNCTION_WITHOUT_SOURCE", "a proxy"],
  ["a class", Rules, "NOT_A_FUNCTION", "clean is the class Rules, not a function"],
  ["an instance", new Rules(), "NOT_A_FUNCTION", "an instance of Rules"],
  ["nothing", undefined, "NOT_A_FUNCTION", "clean is undefined"],
  ["text", "row => row", "NOT_A_FUNCTION", "a string"],
  ["half an object", { call: () => 1 }, "NOT_A_FUNCTION", "without both setup() and call()"],
  [
    "a teardown that is none",
    { setup: () => 1, call: () => 1, teardown: 1 },
    "NOT_A_FUNCTION",
    "clean.teardown is a number",
  ],
])("refuses %s", async (_, fn, code, message) => {
  const error = await refusal(fn);
  expect(error.code).toBe(code);
  expect(error.message).toContain(message);
  expect(error.hint).toBeTruthy();
});

test("a sloppy function that only sloppy mode can read is refused", async () => {
  const require = createRequire(import.meta.url);
  await writeFile(join(directory, "sloppy.cjs"), "exports.old = function (o) { with (o) return n; };");
  const { old } = require(join(directory, "sloppy.cjs")) as { old: unknown };
  expect(await refusal(old)).toMatchObject({ code: "FUNCTION_UNREADABLE" });
});

test("fromModule checks its arguments at once, and the module when the plan is made", async () => {
  expect(() => fromModule("./clean.ts", "clean")).toThrow("must be the address of a file");
  expect(() => fromModule("https://example.com/clean.js", "clean")).toThrow("must be the address of a file");
  expect(() => fromModule(import.meta.url, "")).toThrow("must be the name of an export");
  const missing = new URL("./nowhere.ts", import.meta.url);
  expect(await refusal(fromModule(missing, "clean"))).toMatchObject({ code: "MODULE_NOT_FOUND" });
  const error = await refusal(fromModule(new URL("./fixtures/lib.ts", import.meta.url), "clean"));
  expect(error).toMatchObject({
    code: "MODULE_EXPORT_NOT_FOUND",
    message: expect.stringContaining("lib.ts exports no clean"),
  });
});

test("a module that imports what is not there says what", async () => {
  await writeFile(
    join(directory, "broken.ts"),
    'import x from "no-such-package";\nexport const f = () => x;\n',
  );
  const error = await refusal(fromModule(join(directory, "broken.ts"), "f"));
  expect(error).toMatchObject({
    code: "FUNCTION_BUNDLE_FAILED",
    message: expect.stringContaining("no-such-package"),
  });
  expect(error.hint).toContain("npm install no-such-package");
});

test("a value that is changed after its declaration is not taken as it was declared", async () => {
  await mkdir(join(directory, "node_modules"), { recursive: true });
  await writeFile(
    join(directory, "changed.mjs"),
    `const RULES = ["a"];
export function addRule(rules, rule) { rules.push(rule); }
export const clean = (row) => RULES.includes(row);
export function more() { addRule(RULES, "b"); }
let count = 0;
const next = () => count++;
const seen = new Map();
seen.set("x", 1);
(() => { globalThis.pondTest = { next: () => next(), seen: () => seen.size }; })();
`,
  );
  const module = (await import(/* @vite-ignore */ pathToFileURL(join(directory, "changed.mjs")).href)) as {
    clean: unknown;
    more(): void;
  };
  const before = await capture(module.clean);
  expect(before.kind).toBe("bundle");
  const loaded = await loadFunction(before);
  expect(loaded.kind === "plain" && loaded.call("b" as never, undefined as never, undefined as never)).toBe(
    false,
  );
  // Changed since: the whole module is what remains, in the state that loading it gives.
  module.more();
  const after = await capture(module.clean);
  expect(after.kind === "bundle" && before.kind === "bundle" && after.hash !== before.hash).toBe(true);
});

test("a module that starts a session is not loaded for its function", async () => {
  const init = new URL("../../src/index.ts", import.meta.url).href;
  const path = join(directory, `${"f".repeat(8)}.mjs`);
  await writeFile(
    path,
    `import { init } from ${JSON.stringify(init)};\nawait init();\nexport const f = () => 1;\n`,
  );
  const error = await failureOf(loadFunction({ kind: "bundle", path, hash: "f", exportName: "f" }));
  expect(error).toMatchObject({
    code: "FUNCTION_MODULE_RUNS_JOB",
    message: expect.stringContaining("called init()"),
  });
});

test("a module that throws, or lost its export, says so where it is loaded", async () => {
  const path = join(directory, "throws.mjs");
  await writeFile(path, 'throw new Error("no model");');
  const code = { kind: "bundle", hash: "t", exportName: "f" } as const;
  expect(await failureOf(loadFunction({ ...code, path }))).toMatchObject({
    code: "FUNCTION_LOAD_FAILED",
    message: expect.stringContaining("no model"),
  });
  await writeFile(join(directory, "empty.mjs"), "export const g = 1;");
  expect(await failureOf(loadFunction({ ...code, path: join(directory, "empty.mjs") }))).toMatchObject({
    code: "FUNCTION_LOAD_FAILED",
    message: expect.stringContaining("f is not exported"),
  });
});
