/** Options of `init` and the `SP_*` variables, merged and checked. An argument beats a variable beats a default. */
import { type JobId, jobId, newJobId, PondError, parseBytes, type Random } from "@smallpond/base";
import type { Machine } from "../platform/machine.ts";

export interface InitOptions {
  /** 32 hex digits. Random when not given. `SP_JOBID`. */
  readonly jobId?: string;
  /** Start of the job, part of its directory's name: a Date, ISO text or seconds since 1970. `SP_JOB_TIME`. */
  readonly jobTime?: Date | string | number;
  /** For people. `SP_JOB_NAME`. */
  readonly jobName?: string;
  /** Where jobs keep their directories: a path, or a `3fs://` URL. Default `~/.smallpond/data`. `SP_DATA_ROOT`. */
  readonly dataRoot?: string;
  /**
   * Executor processes. 0 runs everything in this process; `auto` (default) does so while the job's input is small.
   * `SP_NUM_EXECUTORS`.
   */
  readonly numExecutors?: number | "auto";
  /** Threads for all work together. Default: the machine's cores. `SP_THREADS`. */
  readonly threads?: number;
  /** Resident memory for all work together: bytes or text such as `"8 GiB"`. Default: 80 % of the machine's. `SP_MEMORY`. */
  readonly memory?: number | string;
  /**
   * Milliseconds that one attempt at a task in an executor or in this process may take; then it is interrupted and, up
   * to twice, tried again. No limit when not given. `SP_TASK_TIMEOUT_MS`.
   */
  readonly taskTimeoutMs?: number;
  /** Time zone of TIMESTAMPTZ in SQL. Default `UTC`. `SP_TIME_ZONE`. */
  readonly timeZone?: string;
  /** 64-bit integers in rows: `bigint` (default), or `number`, which refuses values a number cannot hold. */
  readonly int64?: "bigint" | "number";
  /**
   * Shows on standard error what runs: `true` one line on a terminal, rewritten as it goes, and nothing elsewhere;
   * `"lines"` a line every ten seconds of work, also in files. Default: `false`. `SP_PROGRESS`.
   */
  readonly progress?: boolean | "lines";
  /** Where executors are started. Only `local` in this version. `SP_PLATFORM`. */
  readonly platform?: "local";
  /** Allocator of the executors. Only `system` in this version. `SP_MEMORY_ALLOCATOR`. */
  readonly memoryAllocator?: "system";
  /** One executor per NUMA node. Not in this version. `SP_BIND_NUMA_NODE`. */
  readonly bindNumaNode?: false;
}

export interface SessionSettings {
  readonly jobId: JobId;
  readonly jobTimeMs: number;
  readonly jobName: string;
  readonly dataRoot: string;
  /** A directory of this machine for what only it can use, where the data root is in a cluster. */
  readonly scratchRoot: string;
  readonly numExecutors: number | "auto";
  readonly threads: number;
  readonly memoryBytes: number;
  readonly taskTimeoutMs: number | null;
  readonly timeZone: string;
  readonly int64: "bigint" | "number";
  readonly progress: boolean | "lines";
}

export interface SettingsSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly machine: Machine;
  readonly random: Random;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

const EXECUTORS_MAX = 1024;
const TASK_TIMEOUT_MS_MAX = 2 ** 31 - 1;
const MEMORY_SHARE = 0.8;
const MEMORY_BYTES_MIN = 16 * 1024 * 1024;

export function resolveSettings(options: InitOptions, sources: SettingsSources): SessionSettings {
  const { environment: env, machine, random, nowMs } = sources;
  refuseUnsupported(options, env);
  const id = options.jobId ?? env.SP_JOBID;
  const time = options.jobTime ?? env.SP_JOB_TIME;
  const executors = options.numExecutors ?? env.SP_NUM_EXECUTORS ?? "auto";
  const threads = options.threads ?? env.SP_THREADS ?? machine.cores;
  const memory = options.memory ?? env.SP_MEMORY;
  const timeout = options.taskTimeoutMs ?? env.SP_TASK_TIMEOUT_MS;
  return {
    jobId: id === undefined ? newJobId(random) : jobId(id),
    jobTimeMs: time === undefined ? nowMs : jobTimeMs(time),
    jobName: options.jobName ?? env.SP_JOB_NAME ?? "job",
    dataRoot: options.dataRoot ?? defaultDataRoot(env, machine),
    scratchRoot: machine.tempDirectory,
    numExecutors: executors === "auto" ? "auto" : wholeNumber("numExecutors", executors, 0, EXECUTORS_MAX),
    threads: wholeNumber("threads", threads, 1, 1024),
    memoryBytes: memoryBytes(memory, machine),
    taskTimeoutMs:
      timeout === undefined ? null : wholeNumber("taskTimeoutMs", timeout, 1, TASK_TIMEOUT_MS_MAX),
    timeZone: options.timeZone ?? env.SP_TIME_ZONE ?? "UTC",
    int64: options.int64 ?? "bigint",
    progress: progress(options.progress ?? env.SP_PROGRESS ?? false),
  };
}

/** Where jobs keep their directories when nobody says. */
export function defaultDataRoot(env: SettingsSources["environment"], machine: Machine): string {
  return env.SP_DATA_ROOT ?? `${machine.homeDirectory}/.smallpond/data`;
}

const PROGRESS = new Map<unknown, boolean | "lines">([
  [true, true],
  ["true", true],
  ["1", true],
  [false, false],
  ["false", false],
  ["0", false],
  ["", false],
  ["lines", "lines"],
]);

function progress(given: unknown): boolean | "lines" {
  const known = PROGRESS.get(given);
  if (known === undefined) throw badOption("progress", given, 'true, false or "lines"');
  return known;
}

function memoryBytes(memory: number | string | undefined, machine: Machine): number {
  if (memory === undefined) return Math.floor(machine.memoryBytes * MEMORY_SHARE);
  const bytes = parseBytes(memory);
  if (bytes >= MEMORY_BYTES_MIN) return bytes;
  throw badOption("memory", memory, "at least 16 MiB");
}

function jobTimeMs(time: Date | string | number): number {
  const seconds = typeof time === "string" && /^\d+(\.\d+)?$/.test(time) ? Number(time) : time;
  const ms =
    seconds instanceof Date
      ? seconds.getTime()
      : typeof seconds === "number"
        ? seconds * 1000
        : Date.parse(seconds);
  if (Number.isFinite(ms)) return ms;
  throw badOption("jobTime", time, "a Date, ISO text or seconds since 1970");
}

function wholeNumber(name: string, value: number | string, min: number, max: number): number {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number) && number >= min && number <= max) return number;
  throw badOption(name, value, `a whole number from ${min} to ${max}`);
}

/** What the Python ancestor has and this version does not is said, not ignored. */
function refuseUnsupported(options: InitOptions, env: SettingsSources["environment"]): void {
  const platform = options.platform ?? env.SP_PLATFORM ?? "local";
  if (platform !== "local") throw badOption("platform", platform, "local in this version");
  const allocator = options.memoryAllocator ?? env.SP_MEMORY_ALLOCATOR ?? "system";
  if (allocator !== "system") throw badOption("memoryAllocator", allocator, "system in this version");
  const numa = options.bindNumaNode ?? env.SP_BIND_NUMA_NODE === "1";
  if (numa) throw badOption("bindNumaNode", numa, "false in this version");
  if (env.SP_RAY_ADDRESS !== undefined) {
    throw badOption("SP_RAY_ADDRESS", env.SP_RAY_ADDRESS, "unset: there is no Ray here");
  }
  if (env.SP_SPAWN === "1") throw badOption("SP_SPAWN", "1", "unset in this version");
}

function badOption(name: string, value: unknown, expected: string): PondError {
  return new PondError("BAD_OPTION", {
    kind: "invalid",
    message: `${name} must be ${expected}, got ${String(value)}`,
    details: { option: name, value: String(value) },
  });
}
