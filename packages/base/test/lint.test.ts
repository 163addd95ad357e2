/** Proves that each ban of eslint.config.mjs fires, says what to do instead, and leaves the edges alone. */
import { fileURLToPath } from "node:url";
import { ESLint } from "eslint";
import { describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** The snippets' files do not exist, so rules that need types or the project graph sit these tests out. */
const eslint = new ESLint({
  cwd: ROOT,
  overrideConfig: {
    languageOptions: { parserOptions: { projectService: false } },
    rules: {
      "@nx/enforce-module-boundaries": "off",
      "@typescript-eslint/no-floating-promises": "off",
      "@typescript-eslint/no-misused-promises": "off",
      "@typescript-eslint/switch-exhaustiveness-check": "off",
    },
  },
});

const typed = new ESLint({
  cwd: ROOT,
  overrideConfig: { rules: { "@nx/enforce-module-boundaries": "off" } },
});

async function lint(filePath: string, code: string, linter = eslint): Promise<string> {
  const results = await linter.lintText(code, { filePath: `${ROOT}${filePath}` });
  return results.flatMap((result) => result.messages.map((message) => message.message)).join("\n");
}

const CORE = "packages/smallpond/src/storage/snippet.ts";

describe("core code reaches the machine only through base", () => {
  test.each([
    ["export const now = Date.now();", "Clock.monotonicMs"],
    ["export const now = new Date();", "Clock.wallMs"],
    ["export const now = performance.now();", "Clock.monotonicMs"],
    ["export const now = process.hrtime.bigint();", "Clock.monotonicMs"],
    ["export const roll = Math.random();", "Random.next"],
    ["export const id = crypto.randomUUID();", "Random.uuid"],
    ["export const f = (c: Crypto) => c.randomBytes(4);", "Random.bytes"],
    ["setTimeout(() => {}, 1);", "Clock.sleep"],
    ["setInterval(() => {}, 1);", "Clock.timer"],
    ["setImmediate(() => {});", "Clock.timer"],
    ["globalThis.setTimeout(() => {}, 1);", "Clock.timer"],
    ["export const signal = AbortSignal.timeout(1);", "Clock.deadline"],
    ['import { readFileSync } from "node:fs"; readFileSync("x");', "Use Disk"],
    ['import { readFile } from "node:fs/promises"; readFile("x");', "Use Disk"],
    ['import fs from "fs"; fs.readFileSync("x");', "Use Disk"],
    ['export const load = () => import("node:fs");', "Use Disk"],
    ['import { connect } from "node:net"; connect(1);', "Use Net"],
    ["export const page = fetch;", "Use Net"],
    ['import { setTimeout as sleep } from "node:timers/promises"; sleep(1);', "Clock.sleep"],
    ['import { spawn } from "node:child_process"; spawn("x");', "platform/ folder"],
    ['import { createHash } from "node:crypto"; createHash("md5");', "Use Random"],
  ])("%s", async (code, advice) => {
    expect(await lint(CORE, code)).toContain(advice);
    expect(await lint("packages/base/src/snippet.ts", code)).toContain(advice);
  });

  test("dates made from given times are fine", async () => {
    expect(await lint(CORE, "export const day = (ms: number) => new Date(ms).toISOString();")).toBe("");
  });

  test.each([
    "packages/base/src/platform/node/snippet.ts",
    "packages/cli/src/snippet.ts",
    "apps/bench/src/snippet.ts",
  ])("%s is an edge and may", async (filePath) => {
    const code =
      'import { readFileSync } from "node:fs";\nexport const at = [Date.now(), readFileSync("x")];';
    expect(await lint(filePath, code)).toBe("");
  });
});

describe("services keep nothing in their modules", () => {
  const SERVICES = [
    "packages/fs-core/src/storage/snippet.ts",
    "packages/kv/src/queue/snippet.ts",
    "packages/base/src/snippet.ts",
    "packages/sim/src/scenarios/toy/snippet.ts",
  ];

  test.each([
    "let next = 0;\nexport const id = () => next++;",
    "export let mode = 'a';",
    "export const cache = new Map<string, string>();",
    "const seen = new Set<string>();\nexport const add = (x: string) => seen.add(x);",
    "export const refs = new WeakMap<object, string>();",
    "class Pool {}\nexport const pool = new Pool();",
    "export const table = new Uint32Array(256);",
    "const queue: string[] = [];\nexport const put = (x: string) => queue.push(x);",
    "const list = [1];\nexport const put = (x: number) => list.push(x);",
    "const state = { count: 0 };\nexport function bump() { state.count += 1; }",
    "const deep = { at: [1] };\nexport function bump() { deep.at[0] = 2; }",
    "const counts = { a: 0 };\nexport function bump() { counts.a++; }",
    "const names = { a: 1 } as Record<string, number>;\nexport function drop() { delete names.a; }",
    "export class Ids { static next = 1; }",
  ])("%s", async (code) => {
    for (const file of SERVICES) {
      const found = await lint(file, code);
      expect(found).toContain("outlives a simulated crash");
      expect(found).toContain("make it a field of the object that owns it");
    }
  });

  test.each([
    "export const KINDS: ReadonlySet<string> = new Set(['a']);",
    "export const BY_NAME: ReadonlyMap<string, number> = new Map([['a', 1]]);",
    "export const NAMES: readonly string[] = [];",
    "export const LIST = ['a', 'b'] as const;",
    "export const TABLE = { a: 1 };",
    "const LIMITS: Readonly<Record<string, number>> = { a: 1 };\nexport const limit = LIMITS.a;",
    "export const text = new TextEncoder();",
    "export class Ids { static readonly first = 1; #next = 1; take() { return this.#next++; } }",
    "export function f() { let n = 0; const all = new Map<string, number>(); all.set('a', n++); return all; }",
  ])("a constant or an object's own state is fine: %s", async (code) => {
    for (const file of SERVICES) expect(await lint(file, code)).toBe("");
  });

  test("smallpond, edges and tests may", async () => {
    const code = "export const cache = new Map<string, string>();";
    for (const file of [
      CORE,
      "packages/base/src/platform/node/snippet.ts",
      "packages/base/src/testing/snippet.ts",
    ]) {
      expect(await lint(file, code)).toBe("");
    }
  });

  test.each([
    ["export const now = Date.now();", "Clock.monotonicMs"],
    ["setTimeout(() => {}, 1);", "Clock.sleep"],
    ["export const roll = Math.random();", "Random.next"],
    ['import { readFileSync } from "node:fs"; readFileSync("x");', "Use Disk"],
    ['import { connect } from "node:net"; connect(1);', "Use Net"],
  ])("and reach the machine through base: %s", async (code, advice) => {
    for (const file of SERVICES) expect(await lint(file, code)).toContain(advice);
  });
});

describe("rooms of smallpond keep to themselves", () => {
  test.each([
    ["logical", "../optimizer/rules.ts", "src/optimizer owns rewrites"],
    ["logical", "../dataframe/session.ts", "src/dataframe owns what users type"],
    ["optimizer", "../planner/plan.ts", "src/planner owns"],
    ["optimizer/rules", "../../execution/task.ts", "src/execution owns"],
    ["planner", "../dataframe/session.ts", "src/dataframe owns"],
    ["planner", "../execution/scheduler.ts", "except for types"],
    ["execution", "../logical/node.ts", "src/logical owns plan nodes"],
    ["execution", "../planner/plan.ts", "src/planner owns"],
    ["execution", "../dataframe/session.ts", "src/dataframe owns"],
    ["dataset", "../logical/node.ts", "src/logical owns"],
    ["duckdb", "../execution/task.ts", "src/execution owns"],
    ["arrow", "../planner/plan.ts", "src/planner owns"],
    ["execution", "@duckdb/node-api", "src/duckdb owns the engine"],
    ["dataframe", "@duckdb/node-api", "src/duckdb owns the engine"],
    ["duckdb", "apache-arrow", "src/arrow owns Arrow values"],
    ["dataframe", "apache-arrow", "src/arrow owns Arrow values"],
  ])("%s may not import %s", async (room, specifier, owner) => {
    const code = `import { x } from "${specifier}";\nexport const y = x;`;
    expect(await lint(`packages/smallpond/src/${room}/snippet.ts`, code)).toContain(owner);
  });

  test.each([
    ["optimizer", "../logical/node.ts"],
    ["planner", "../logical/node.ts"],
    ["planner", "../optimizer/optimize.ts"],
    ["execution", "../dataset/parquet.ts"],
    ["dataframe", "../planner/plan.ts"],
    ["duckdb", "@duckdb/node-api"],
    ["arrow", "@duckdb/node-api"],
    ["arrow", "apache-arrow"],
    ["execution", "./planner/local.ts"],
  ])("%s may import %s", async (room, specifier) => {
    const code = `import { x } from "${specifier}";\nexport const y = x;`;
    expect(await lint(`packages/smallpond/src/${room}/snippet.ts`, code)).toBe("");
  });

  test.each([
    ["dataframe", "apache-arrow"],
    ["planner", "../execution/task.ts"],
  ])("%s may import types from %s", async (room, specifier) => {
    const code = `import type { X } from "${specifier}";\nexport type Y = X;`;
    expect(await lint(`packages/smallpond/src/${room}/snippet.ts`, code)).toBe("");
  });
});

describe("everywhere", () => {
  test.each(["const x = 1;\nexport default x;", "const x = 1;\nexport { x as default };"])(
    "a default export is refused: %s",
    async (code) => {
      expect(await lint("packages/cli/src/snippet.ts", code)).toContain("Export by name");
      expect(await lint(CORE, code)).toContain("Export by name");
      expect(await lint("packages/cli/vitest.config.ts", code)).toBe("");
    },
  );

  test("any and imports of types by value are refused", async () => {
    expect(await lint(CORE, "export const x: any = 1;")).toContain("Unexpected any");
    const code = 'import { X } from "./x.ts";\nexport type Y = X;';
    expect(await lint(CORE, code)).toContain("only used as types");
  });

  test("rules that need types see floating promises, missed cases and Buffer.slice", async () => {
    const code = `
      export function f(kind: "a" | "b", bytes: Buffer, copy: Uint8Array): void {
        Promise.resolve(1);
        [1].forEach(async () => {});
        switch (kind) { case "a": bytes.slice(1); copy.slice(1); }
      }`;
    // The text stands in for a file that exists, because the compiler wants to know which project it is in.
    const found = await lint("packages/base/src/bytes.ts", code, typed);
    expect(found).toContain("Promises must be awaited");
    expect(found).toContain("Promise returned in function argument");
    expect(found).toContain("Switch is not exhaustive");
    expect(found.match(/Buffer.slice is a view/g)).toHaveLength(1);
  });
});
