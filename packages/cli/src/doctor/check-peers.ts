/** Programs that only comparisons with other systems need. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Check, missing, ok } from "./check.ts";

export async function checkPython(): Promise<Check> {
  try {
    const { stdout, stderr } = await promisify(execFile)("python3", ["--version"], { timeout: 10_000 });
    return ok("python3", `${(stdout || stderr).trim()}, for benchmarks against Python's smallpond`);
  } catch {
    return missing("python3", "not found; only benchmarks against Python's smallpond use it", {
      fix: "install Python 3.8 to 3.12 to run them",
      essential: false,
    });
  }
}
