import { execFileSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { NodeDisk } from "@smallpond/base/platform/node";
import { type Capability, capabilities } from "@smallpond/fs-native";
import { expect, test } from "vitest";

test("every capability is on, or says why not and what would change that", async () => {
  const found = await capabilities();
  expect(found.map(({ name }) => name)).toEqual([
    "core addon",
    "crc32c",
    "io_uring",
    "direct I/O",
    "huge pages",
    "locked memory",
    "fuse",
    "fabric",
  ]);
  for (const capability of found) {
    expect(capability.found).not.toBe("");
    if (capability.on) expect(capability.enable).toBeNull();
  }
});

test("direct I/O is tried in the directory given, and nothing is left there", async () => {
  await using directory = await new NodeDisk().tempDirectory({ parent: process.cwd() });
  const direct = (await capabilities({ directory: directory.path })).find(
    ({ name }) => name === "direct I/O",
  )!;
  expect(direct.found).toContain(directory.path);
  expect(await readdir(directory.path)).toEqual([]);
  const missing = (await capabilities({ directory: `${directory.path}/none` })).find(
    ({ name }) => name === "direct I/O",
  )!;
  expect(missing.on).toBe(false);
});

test("without the addon everything that needs it is off, and says how to get it", () => {
  const script = `import("@smallpond/fs-native").then(async (m) => console.log(JSON.stringify(await m.capabilities())))`;
  const stdout = execFileSync(process.execPath, ["-e", script], {
    encoding: "utf8",
    env: { ...process.env, POND_NATIVE: "off", NODE_OPTIONS: "" },
  });
  const found = JSON.parse(stdout) as Capability[];
  const off = found.filter((capability) => !capability.on).map(({ name }) => name);
  expect(off).toEqual(expect.arrayContaining(["core addon", "crc32c", "io_uring", "direct I/O"]));
  expect(found[0]).toMatchObject({ found: "switched off by POND_NATIVE=off", enable: "unset POND_NATIVE" });
});
