/** Node, cores and memory. */
import { arch, availableParallelism, cpus, platform, release, totalmem } from "node:os";
import { formatBytes } from "@smallpond/base";
import { type Check, missing, ok, warn } from "./check.ts";

const NODE_FLOOR = [20, 19] as const;
const MEMORY_BYTES_LOW = 2 * 1024 ** 3;

export function checkNode(): Check {
  const found = `${process.versions.node} on ${platform()}-${arch()} ${release()}`;
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [floorMajor, floorMinor] = NODE_FLOOR;
  if (major > floorMajor || (major === floorMajor && minor >= floorMinor)) return ok("node", found);
  return missing("node", found, {
    fix: `install Node.js ${NODE_FLOOR.join(".")} or newer`,
    essential: true,
  });
}

export function checkCores(): Check {
  const usable = availableParallelism();
  const model = cpus()[0]?.model.trim() ?? "unknown";
  const set = process.env.SP_THREADS;
  return ok("cores", `${usable} × ${model}${set === undefined ? "" : `, of which SP_THREADS allows ${set}`}`);
}

export function checkMemory(): Check {
  const total = totalmem();
  const limit = process.constrainedMemory?.() ?? 0;
  const limited = limit > 0 && limit < total;
  const usable = limited ? limit : total;
  const set = process.env.SP_MEMORY;
  const found = [
    formatBytes(total),
    limited ? `limited to ${formatBytes(limit)}` : "no limit",
    set === undefined ? "jobs use 80 %" : `jobs use SP_MEMORY=${set}`,
  ].join(", ");
  if (usable >= MEMORY_BYTES_LOW) return ok("memory", found);
  return warn("memory", found, "SP_THREADS=1 makes jobs spill less on little memory");
}
