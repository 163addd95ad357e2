/** The build step: what it needs, and what it says when that is missing. */
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { NodeDisk } from "@smallpond/base/platform/node";
import { expect, test } from "vitest";

const NATIVE = fileURLToPath(new URL("../native/", import.meta.url));
const BUILD = fileURLToPath(new URL("../../../tools/build-native.mjs", import.meta.url));
const HAS_COMPILER = spawnSync("g++", ["--version"]).status === 0;

function unitsOf(folder: string): string[] {
  return readdirSync(`${NATIVE}${folder}`)
    .filter((name) => name.endsWith(".cc"))
    .map((name) => `${NATIVE}${folder}/${name}`);
}

test.skipIf(!HAS_COMPILER)("core.node needs no header but those of Node-API and the system", () => {
  const { include_dir } = createRequire(import.meta.url)("node-api-headers") as { include_dir: string };
  const flags = ["-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"];
  const units = [...unitsOf("common"), ...unitsOf("core")];
  expect(units.length).toBeGreaterThan(5);
  execFileSync("g++", [...flags, `-I${include_dir}`, ...units]);
});

test("without a compiler the build says so in one line, and that is no failure", async () => {
  await using empty = await new NodeDisk().tempDirectory();
  const { status, stderr } = spawnSync(process.execPath, [BUILD], {
    encoding: "utf8",
    env: { PATH: empty.path },
  });
  expect(stderr).toBe("native parts: not built, there is no C++ compiler (apt-get install g++)\n");
  expect(status).toBe(0);
});
