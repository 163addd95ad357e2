/** The same functions give the same results however the job that passes them was compiled. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NodeDisk } from "@smallpond/base/platform/node";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { UserFunction } from "../../src/index.ts";
import { captureFunction } from "../../src/platform/functions/capture.ts";
import { ARGS, captureAll, IMPORTED, INLINE, INPUTS, NAMES_KEPT } from "./fixtures/cases.ts";
import { type Codes, callAll, type Folder, jobFolder, runBundled, runCompiled, runTsx } from "./runs.ts";

const RUNS: Readonly<
  Record<string, { type: "module" | "commonjs"; run: (folder: Folder) => Promise<Codes> }>
> = {
  "plain node, ES modules": { type: "module", run: (folder) => runCompiled(folder, "esm") },
  "plain node, CommonJS": { type: "commonjs", run: (folder) => runCompiled(folder, "cjs") },
  "tsx, ES modules": { type: "module", run: runTsx },
  "tsx, CommonJS": { type: "commonjs", run: runTsx },
  "a bundle with a map": { type: "module", run: bundled({ format: "esm", sourcemap: true }) },
  "a bundle": { type: "module", run: bundled({ format: "esm" }) },
  "a minified bundle with a map": {
    type: "module",
    run: bundled({ format: "esm", minify: true, sourcemap: true }),
  },
  "a minified bundle": { type: "module", run: bundled({ format: "esm", minify: true }) },
  "a minified bundle that keeps names": {
    type: "module",
    run: bundled({ format: "esm", minify: true, keepNames: true }),
  },
  "a CommonJS bundle": { type: "commonjs", run: bundled({ format: "cjs", minify: true, keepNames: true }) },
};

/** Only the whole module will do, and a bundle without a map does not tell where that is. */
const NEEDS_MODULE = ["counted"];

let expected: Record<string, unknown>;
const codes: Record<string, Codes> = {};
let results: Record<string, Record<string, unknown>>;
const folders: Folder[] = [];

beforeAll(async () => {
  expected = await callHere({ ...INLINE, ...IMPORTED });
  for (const [name, { type, run }] of Object.entries(RUNS)) {
    const folder = await jobFolder(type);
    folders.push(folder);
    codes[name] = await run(folder);
  }
  codes.vitest = await captureHere(folders[0]!);
  const good = Object.entries(codes).map(([name, all]): [string, Codes] => [
    name,
    Object.fromEntries(Object.entries(all).filter(([, code]) => code.kind !== "error")),
  ]);
  results = await callAll(Object.fromEntries(good), { inputs: INPUTS, args: ARGS });
}, 120_000);

afterAll(async () => {
  for (const folder of folders) await folder[Symbol.asyncDispose]();
});

test.each([...Object.keys(RUNS), "vitest"])(
  "functions of %s give the same results in another process",
  (name) => {
    for (const [fn, outputs] of Object.entries(expected)) {
      const code = codes[name]![fn]!;
      if (code.kind === "error") {
        expect([fn, code.message]).toEqual([fn, expect.stringContaining("assigned more than once")]);
        expect(NEEDS_MODULE).toContain(fn);
        expect(name).toMatch(/bundle( that keeps names)?$/);
      } else {
        expect([fn, results[name]![fn]]).toEqual([fn, outputs]);
      }
    }
  },
);

test.each(Object.keys(RUNS))(
  "functions of the job itself travel without running the job again: %s",
  (name) => {
    expect(results[name]!.inEntry).toEqual([
      { n: 1020, negative: false },
      { n: 990, negative: true },
    ]);
    expect(results[name]!.notExported).toEqual([{ negative: false }, { negative: true }]);
  },
);

test.each([
  "tsx, ES modules",
  "tsx, CommonJS",
  "a minified bundle that keeps names",
  "a CommonJS bundle",
  "vitest",
])("functions inside of functions keep the names that %s keeps", async (name) => {
  expect(results[name]!.names).toEqual((await callHere(NAMES_KEPT)).names);
  expect(codes[name]!.names!.kind).toBe("text");
});

test.each([...Object.keys(RUNS).filter((name) => /tsx|with a map/.test(name)), "vitest"])(
  "a function of %s that throws names the line that was written",
  async (name) => {
    const folder = name === "vitest" ? FIXTURES : folders[Object.keys(RUNS).indexOf(name)]!.path;
    expect(results[name]!.throwing).toBe(
      `no zero at ${await placeOf(folder, "cases.ts", "an inline function")}`,
    );
    expect(results[name]!.throwingImport).toBe(
      `no zero at ${await placeOf(folder, "functions.ts", "an imported function")}`,
    );
  },
);

const FIXTURES = fileURLToPath(new URL("./fixtures", import.meta.url));

async function placeOf(folder: string, file: string, what: string): Promise<string> {
  const path = join(folder, file);
  const lines = (await readFile(path, "utf8")).split("\n");
  const at = lines.findIndex((line) => line.includes(`the line of ${what}`));
  return `${path}:${at + 1}:${lines[at]!.indexOf("new RangeError") + 1}`;
}

test("inline functions travel as text, others as bundles", () => {
  for (const name of Object.keys(codes)) {
    for (const fn of Object.keys(INLINE))
      expect([name, fn, codes[name]![fn]!.kind]).toEqual([name, fn, "text"]);
    expect(codes[name]!.clean!.kind).toBe("bundle");
  }
});

function bundled(options: Parameters<typeof runBundled>[1]): (folder: Folder) => Promise<Codes> {
  return (folder) => runBundled(folder, options);
}

async function captureHere({ path }: Folder): Promise<Codes> {
  const settings = { disk: new NodeDisk(), directory: join(path, "bundles-of-this-process") };
  return (await captureAll((fn, name) =>
    captureFunction(fn as UserFunction, { ...settings, name }),
  )) as Codes;
}

/** What each function gives in this process, where it was written. */
async function callHere(functions: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
  const outputs: Record<string, unknown> = {};
  for (const [name, fn] of Object.entries(functions)) {
    outputs[name] = [];
    for (const call of await callsOf(fn)) (outputs[name] as unknown[]).push(await settled(call));
  }
  return JSON.parse(JSON.stringify(outputs)) as Record<string, unknown>;
}

type Call = (input: unknown, second: unknown) => unknown;

async function callsOf(fn: unknown): Promise<unknown[]> {
  if (typeof fn === "function") return INPUTS.map((input) => (fn as Call)(input, ARGS));
  const { setup, call } = fn as { setup: (args: unknown) => unknown; call: Call };
  const state = await setup(ARGS);
  return INPUTS.map((input) => call(input, state));
}

async function settled(value: unknown): Promise<unknown> {
  const result = (await value) as object;
  if (!(Symbol.asyncIterator in result) && !(Symbol.iterator in result)) return result;
  const list: unknown[] = [];
  for await (const one of result as AsyncIterable<unknown>) list.push(one);
  return list;
}
