/** What fabric.node exports is what its types say. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { fabricAddon } from "../../src/platform/fabric/fabric-addon.ts";

test.skipIf(fabricAddon().kind === "missing")(
  "fabric.node exports what FabricAddon declares, and nothing else",
  () => {
    const source = readFileSync(
      new URL("../../src/platform/fabric/fabric-addon.ts", import.meta.url),
      "utf8",
    );
    const body = /export interface FabricAddon \{\n(.*?)\n\}/s.exec(source)![1]!;
    const declared = [...body.matchAll(/^ {2}(\w+)\(/gm)].map((match) => match[1]!).sort();
    const exported = Object.keys(createRequire(import.meta.url)("../../build/fabric.node") as object).sort();
    expect(exported).toEqual(declared);
  },
);
