/** What the numbers were measured on. */
import { existsSync, readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { version } from "@duckdb/node-api";

export interface Machine {
  readonly cores: number;
  readonly model: string;
  readonly memoryBytes: number;
  readonly platform: string;
  readonly node: string;
  readonly duckdb: string;
  /** Runnable processes on average over the last minute: above the cores, others were at work too. */
  readonly load: number | null;
}

export function thisMachine(): Machine {
  const cores = cpus();
  return {
    cores: cores.length,
    model: cores[0]?.model.trim() ?? "unknown",
    memoryBytes: totalmem(),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    duckdb: version(),
    load: existsSync("/proc/loadavg") ? Number(readFileSync("/proc/loadavg", "utf8").split(" ")[0]) : null,
  };
}
