/** What the addons export is what their types say. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { coreAddon } from "../src/platform/core-addon.ts";

/** Names of the methods of an interface, from its source: types are gone at run time. */
function methodsOf(file: string, name: string): string[] {
  const source = readFileSync(new URL(`../src/platform/${file}`, import.meta.url), "utf8");
  const body = new RegExp(`export interface ${name} \\{\\n(.*?)\\n\\}`, "s").exec(source)![1]!;
  return [...body.matchAll(/^ {2}(\w+)\(/gm)].map((match) => match[1]!).sort();
}

test.skipIf(coreAddon().kind === "missing")(
  "core.node exports what CoreAddon declares, and nothing else",
  () => {
    const exported = Object.keys(createRequire(import.meta.url)("../build/core.node") as object).sort();
    expect(exported).toEqual(methodsOf("core-addon.ts", "CoreAddon"));
  },
);
