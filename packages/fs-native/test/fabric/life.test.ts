import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { withoutFabric } from "./here.ts";

const SCENARIO = fileURLToPath(new URL("./scenario.mjs", import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** Runs a scenario in a process of its own, against the built package. */
async function ended(name: string): Promise<Ended> {
  const child = spawn(process.execPath, ["--expose-gc", "--no-warnings", SCENARIO, name], {
    stdio: ["ignore", "inherit", "pipe"],
    // What is freed goes back to the system at once: else the allocator keeps 160 MB of the provider's buffers, or does not.
    env: { ...process.env, NODE_OPTIONS: "", MALLOC_MMAP_THRESHOLD_: "131072" },
  });
  let stderr = "";
  child.stderr.on("data", (bytes: Buffer) => {
    stderr += bytes.toString();
  });
  return await new Promise((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal, stderr }));
  });
}

const missing = await withoutFabric();
if (missing !== undefined) console.warn(`SKIPPED: life and death of fabric.node: ${missing}`);

test
  .skipIf(missing !== undefined)
  .each([
    "terminated workers",
    "exit in a worker's callback",
    "exit in a callback",
    "aborted halfway",
    "messages back and forth",
    "many endpoints",
    "idle",
  ])("a process ends well: %s", async (name) => {
  expect(await ended(name)).toEqual({ code: 0, signal: null, stderr: "" });
});
