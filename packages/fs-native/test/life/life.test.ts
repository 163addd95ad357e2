import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { NodeDisk } from "@smallpond/base/platform/node";
import { expect, test } from "vitest";

const SCENARIO = fileURLToPath(new URL("./scenario.mjs", import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** Runs a scenario in a process of its own, against the built package. */
async function ended(name: string, environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  await using directory = await new NodeDisk().tempDirectory({ parent: process.cwd() });
  const child = spawn(process.execPath, ["--expose-gc", "--no-warnings", SCENARIO, name, directory.path], {
    stdio: ["ignore", "inherit", "pipe"],
    env: { ...process.env, NODE_OPTIONS: "", ...environment },
  });
  let stderr = "";
  child.stderr.on("data", (bytes: Buffer) => {
    stderr += bytes.toString();
  });
  return await new Promise((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal, stderr }));
  });
}

const WELL: Ended = { code: 0, signal: null, stderr: "" };

test.each([
  "terminated workers",
  "exit in a worker's callback",
  "exit in a callback",
  "forgotten in mid-read",
  "idle",
  "many operations",
  "many queues",
])("a process ends well: %s", async (name) => {
  expect(await ended(name)).toEqual(WELL);
});

test.each(["terminated workers", "exit in a callback", "forgotten in mid-read"])(
  "and so it does on the fallbacks: %s",
  async (name) => {
    expect(await ended(name, { POND_NATIVE: "off" })).toEqual(WELL);
  },
);
