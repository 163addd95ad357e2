/** What a bundle has inside, what it leaves outside, and what its hash says. */
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { NodeDisk } from "@smallpond/base/platform/node";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { FunctionCode } from "../../src/functions/spec.ts";
import { fromModule, type UserFunction } from "../../src/index.ts";
import { captureFunction } from "../../src/platform/functions/capture.ts";
import { loadFunction } from "../../src/platform/functions/load.ts";

let directory: string;
beforeEach(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), "pond-functions-")));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  }
}

type Bundle = Extract<FunctionCode, { readonly kind: "bundle" }>;

async function capture(fn: unknown, to = "functions"): Promise<Bundle> {
  const settings = { name: "f", disk: new NodeDisk(), directory: join(directory, to) };
  const code = await captureFunction(fn as UserFunction, settings);
  if (code.kind !== "bundle") throw expect.fail("it must travel as a bundle");
  return code;
}

async function call(code: FunctionCode, input: unknown): Promise<unknown> {
  const fn = await loadFunction(code);
  return await fn.call(input as never, undefined as never, undefined as never);
}

const manifest = (version: string): string => JSON.stringify({ name: "words", version, main: "./index.js" });

test("packages stay outside, found from the file that imports them, their versions in the hash", async () => {
  await write({
    "a/f.ts":
      'import { word } from "words";\nimport { sep } from "node:path";\nexport const f = (): string => word + sep;\n',
    "a/node_modules/words/package.json": manifest("1.0.0"),
    "a/node_modules/words/index.js": 'exports.word = "inner";',
    "node_modules/words/package.json": manifest("9.0.0"),
    "node_modules/words/index.js": 'exports.word = "outer";',
  });
  const code = await capture(fromModule(join(directory, "a/f.ts"), "f"));
  expect(await readFile(code.path, "utf8")).not.toContain('"inner"');
  expect(await call(code, 1)).toBe("inner/");
  expect(code.path).toBe(join(directory, "functions", `${code.hash}.mjs`));
  await write({
    "b/f.ts": await readFile(join(directory, "a/f.ts"), "utf8"),
    "b/node_modules/words/package.json": manifest("1.0.1"),
    "b/node_modules/words/index.js": 'exports.word = "inner";',
  });
  expect((await capture(fromModule(join(directory, "b/f.ts"), "f"))).hash).not.toBe(code.hash);
});

test("another version of the same package is another hash", async () => {
  const hashes = new Set<string>();
  for (const [at, version] of ["1.0.0", "1.0.0", "2.0.0"].entries()) {
    await write({
      // A blank line more each time, so that nothing is remembered from the time before.
      "f.ts": `${"\n".repeat(at)}import { word } from "words";\nexport const f = (): string => word;\n`,
      "node_modules/words/package.json": manifest(version),
      "node_modules/words/index.js": 'exports.word = "w";',
    });
    hashes.add((await capture(fromModule(join(directory, "f.ts"), "f"))).hash);
  }
  expect(hashes.size).toBe(2);
});

test("CommonJS files, JSON and TypeScript of every kind go inside", async () => {
  await write({
    "package.json": '{ "type": "commonjs" }',
    "f.cts": `const { tenfold } = require("./lib.cjs");
const data = require("./data.json");
const { readFileSync } = require("node:fs");
const rules = require("./rules");
let calls = 0;
exports.f = (n: number): unknown => [tenfold(n), data.k, typeof readFileSync, rules.default(n), ++calls, __filename];
`,
    "lib.cjs": 'const os = require("node:os"); exports.tenfold = (n) => n * 10 + os.EOL.length - 1;',
    "data.json": '{ "k": 7 }',
    "rules/index.mts": "",
    "rules/index.ts": "export default (n: number): string => String(n);",
  });
  const path = join(directory, "f.cts");
  const code = await capture(fromModule(path, "f"));
  await rm(join(directory, "lib.cjs"));
  expect(await call(code, 2)).toEqual([20, 7, "function", "2", 1, path]);
});

test("exports of CommonJS that people wrote are found by themselves", async () => {
  await write({
    "steps.cjs": `const { helper } = require("./helper.cjs");
exports.direct = (n) => helper(n);
function named(n) { return helper(n) + 1; }
module.exports.named = named;
let state = 0;
exports.counting = function (n) { state += 1; return helper(n) + state; };
`,
    "object.cjs": `const { helper } = require("./helper.cjs");
module.exports = { short(n) { return helper(n); }, arrow: (n) => helper(n) + 2 };
`,
    "helper.cjs": "exports.helper = (n) => n * 2;",
  });
  const require = createRequire(join(directory, "job.cjs"));
  const steps = require("./steps.cjs") as Record<string, unknown>;
  const object = require("./object.cjs") as Record<string, unknown>;
  expect(await call(await capture(steps.direct), 1)).toBe(2);
  expect(await call(await capture(steps.named), 1)).toBe(3);
  expect(await call(await capture(steps.counting), 1)).toBe(3);
  expect(await call(await capture(object.short), 1)).toBe(2);
  expect(await call(await capture(object.arrow), 1)).toBe(4);
});

test("re-exports and default exports are followed by fromModule, also in the form of an object with state", async () => {
  await write({
    "index.ts":
      'export { clean as scrub } from "./clean.ts";\nexport * from "./more.ts";\nimport { clean } from "./clean.ts";\nexport { clean };\n',
    "clean.ts":
      "export const clean = (n: number): number => n + 1;\nexport default (n: number): number => clean(n) * 2;\n",
    "more.ts":
      "const cache = new Map();\nexport const state = { setup: () => cache, call: (n: number, s: unknown) => s instanceof Map && n };\n",
  });
  const index = pathToFileURL(join(directory, "index.ts"));
  expect(await call(await capture(fromModule(index, "scrub")), 1)).toBe(2);
  expect(await call(await capture(fromModule(index, "clean")), 1)).toBe(2);
  expect(await call(await capture(fromModule(join(directory, "clean.ts"), "default")), 1)).toBe(4);
  const loaded = await loadFunction(await capture(fromModule(index, "state")));
  expect(loaded.kind).toBe("stateful");
});

test("is written once and whole, by any number of captures at a time", async () => {
  await write({ "f.ts": "const k = 2;\nexport const f = (n: number): number => n * k;\n" });
  const fn = fromModule(join(directory, "f.ts"), "f");
  const codes = await Promise.all(Array.from({ length: 8 }, () => capture(fn)));
  expect(new Set(codes.map(({ path }) => path)).size).toBe(1);
  expect(await readdir(join(directory, "functions"))).toEqual([`${codes[0]!.hash}.mjs`]);
  // Another session has another directory.
  expect((await capture(fn, "elsewhere")).hash).toBe(codes[0]!.hash);
  expect(await readdir(join(directory, "elsewhere"))).toEqual([`${codes[0]!.hash}.mjs`]);
});

test("the same code in another place of its file has the same hash", async () => {
  await write({ "f.ts": "const k = 2;\nexport const f = (n: number): number => n * k;\n" });
  const before = await capture(fromModule(join(directory, "f.ts"), "f"));
  await write({
    "f.ts":
      "// A comment\n\nconst other = 1;\nconst k = 2;\nexport const f = (n: number): number => n * k;\n",
  });
  expect((await capture(fromModule(join(directory, "f.ts"), "f"))).hash).toBe(before.hash);
});
