/** Variables that change what jobs do. */
import { type Check, ok, warn } from "./check.ts";

const KNOWN = new Set([
  "SP_JOBID",
  "SP_JOB_TIME",
  "SP_JOB_NAME",
  "SP_DATA_ROOT",
  "SP_NUM_EXECUTORS",
  "SP_THREADS",
  "SP_MEMORY",
  "SP_TIME_ZONE",
  "SP_PROGRESS",
  "SP_PLATFORM",
  "SP_MEMORY_ALLOCATOR",
  "SP_BIND_NUMA_NODE",
]);

export function checkVariables(): Check {
  const set = Object.entries(process.env).filter(([name]) => name.startsWith("SP_"));
  const text = set.map(([name, value]) => `${name}=${value}`).join(" ");
  const unknown = set.find(([name]) => !KNOWN.has(name))?.[0];
  if (unknown !== undefined) return warn("variables", text, `unset ${unknown}: nothing reads it`);
  return ok("variables", text === "" ? "no SP_* variable is set" : text);
}
