/** A function that throws in another process names the user's own line. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { NodeDisk } from "@smallpond/base/platform/node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fromModule, type UserFunction } from "../../src/index.ts";
import { captureFunction } from "../../src/platform/functions/capture.ts";
import { loadFunction } from "../../src/platform/functions/load.ts";
import { userLine } from "../../src/platform/functions/user-line.ts";
import { here } from "../support/failure.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "pond-functions-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Where a function throws when it is called where it was sent. */
async function lineOf(fn: unknown, input: unknown = 1): Promise<string | undefined> {
  const settings = { name: "f", disk: new NodeDisk(), directory: join(directory, "functions") };
  const loaded = await loadFunction(await captureFunction(fn as UserFunction, settings));
  try {
    await loaded.call(input as never, undefined as never, undefined as never);
  } catch (error) {
    return userLine(error);
  }
  throw expect.fail("the function must throw");
}

test("of a function that travels as text", async () => {
  const throws = (row: { a: { b: number } }): number => {
    const { a } = row;
    return a.b;
  };
  expect(await lineOf(throws, {})).toMatch(here(-2));
});

test("of a method, an async function, and of an object with state", async () => {
  const object = {
    ["com" + "puted"](row: null): unknown {
      const fields: readonly string[] = ["a"];
      return fields.map((field) => row![field as never]);
    },
  };
  expect(await lineOf(object.computed, null)).toMatch(here(-3));
  const later = async (): Promise<void> => {
    await Promise.resolve();
    throw new RangeError("late");
  };
  expect(await lineOf(later)).toMatch(here(-2));
  const stateful = {
    setup: () => 1,
    call() {
      throw new Error("called");
    },
  };
  expect(await lineOf(stateful)).toMatch(here(-3));
});

test("of a slice of a file, of a whole module, and of what they import", async () => {
  const write = (name: string, text: string): Promise<void> => writeFile(join(directory, name), text);
  await write(
    "deep.ts",
    "interface Row { a: string }\nexport function deep(row: Row): never {\n  throw new Error(row.a);\n}\n",
  );
  await write(
    "clean.ts",
    `import { deep } from "./deep.ts";
type Row = { a: string };

export const sliced = (row: Row): string => {
  return row.a.toUpperCase();
};
let calls = 0;
export function whole(row: Row): string {
  calls += 1;
  return row.a.toUpperCase();
}
export const imported = (row: Row): string => deep(row);
`,
  );
  const clean = join(directory, "clean.ts");
  expect(await lineOf(fromModule(clean, "sliced"), {})).toBe(`${clean}:5:16`);
  expect(await lineOf(fromModule(pathToFileURL(clean), "whole"), {})).toBe(`${clean}:10:16`);
  expect(await lineOf(fromModule(clean, "imported"), {})).toBe(`${join(directory, "deep.ts")}:3:9`);
});

test("of a module without a compiler", async () => {
  const path = join(directory, "plain.mjs");
  await writeFile(path, "const LIMIT = 2;\n\nexport const f = (row) =>\n  row.n.toFixed(LIMIT);\n");
  const { f } = (await import(/* @vite-ignore */ pathToFileURL(path).href)) as { f: unknown };
  expect(await lineOf(f, {})).toBe(`${path}:4:9`);
  await writeFile(
    join(directory, "inline.mjs"),
    "export const fs = [(row) => {\n  const n = 1;\n  return row.n.toFixed(n);\n}];\n",
  );
  const inline = join(directory, "inline.mjs");
  const { fs } = (await import(/* @vite-ignore */ pathToFileURL(inline).href)) as { fs: unknown[] };
  expect(await lineOf(fs[0], {})).toBe(`${inline}:3:16`);
});

test("is that of the caller where a package throws, and nothing where no line is the user's", () => {
  const error = new Error("x");
  error.stack = `Error: x
    at parse (file:///a/node_modules/p/index.js:1:2)
    at JSON.parse (<anonymous>)
    at node:internal/vm:1:1
    at async clean (file:///home/me/clean%20up.ts:12:5)`;
  expect(userLine(error)).toBe("/home/me/clean up.ts:12:5");
  error.stack = "Error: x\n    at node:internal/vm:1:1";
  expect(userLine(error)).toBeUndefined();
  expect(userLine("text")).toBeUndefined();
});
