/**
 * What becomes of a task whose attempt failed: a table from the error's code and what was tried before.
 *
 * Only failures that another attempt can change are tried again: a process that died, memory or disk that others used
 * at the time, a device that hiccuped, a time limit. A wrong value stays wrong.
 */
import { isPondError } from "@smallpond/base";

/** One attempt that failed. */
export interface FailedAttempt {
  readonly attempt: number;
  readonly code: string | null;
  readonly message: string;
  /** What the attempt was given. */
  readonly memoryBytes: number;
}

/** Memory of the next attempt: as before, twice that, or all there is, which means that nothing else runs beside it. */
export type Room = "same" | "twice" | "all";

export type Verdict =
  | { readonly kind: "final" }
  | { readonly kind: "again"; readonly room: Room; readonly afterMs: number };

interface Rule {
  /** Attempts that may fail this way before it is final. */
  readonly attemptsMax: number;
  readonly room: (failures: number) => Room;
  /** Before the next attempt; doubles with every failure. */
  readonly backoffMs: number;
}

/** Attempts at one task, for whatever mixture of reasons. */
export const ATTEMPTS_MAX = 10;
/** Failed attempts of one run, all tasks together: beyond it something is wrong with the machine. */
export const RUN_FAILURES_MAX = 200;

/** The second death of an executor under one task looks like the kernel's answer to its memory. */
const LOST: Rule = {
  attemptsMax: 4,
  room: (failures) => (failures === 1 ? "same" : "all"),
  backoffMs: 0,
};
/** Ends with the attempt that had all memory. */
const OUT_OF_MEMORY: Rule = { attemptsMax: ATTEMPTS_MAX, room: () => "twice", backoffMs: 0 };
/** What others spilled at the time is gone when a task runs alone. */
const DISK_FULL: Rule = { attemptsMax: 2, room: () => "all", backoffMs: 0 };
const TIMED_OUT: Rule = { attemptsMax: 3, room: () => "same", backoffMs: 0 };
const HICCUP: Rule = { attemptsMax: 3, room: () => "same", backoffMs: 200 };

const RULES: Readonly<Record<string, Rule>> = {
  EXECUTOR_LOST: LOST,
  OUT_OF_MEMORY,
  DISK_FULL,
  ENOSPC: DISK_FULL,
  EDQUOT: DISK_FULL,
  TASK_TIMEOUT: TIMED_OUT,
  EIO: HICCUP,
};

/** `attempts` are all failed ones of the task, the newest last; `allBytes` is the memory of the whole runner. */
export function verdictOf(error: unknown, attempts: readonly FailedAttempt[], allBytes: number): Verdict {
  const rule = ruleOf(error);
  const newest = attempts.at(-1)!;
  if (rule === undefined || attempts.length >= ATTEMPTS_MAX) return { kind: "final" };
  const failures = attempts.filter((one) => one.code === newest.code).length;
  const room = rule.room(failures);
  if (failures >= rule.attemptsMax) return { kind: "final" };
  if (room === "twice" && newest.memoryBytes >= allBytes) return { kind: "final" };
  return { kind: "again", room, afterMs: rule.backoffMs * 2 ** (failures - 1) };
}

function ruleOf(error: unknown): Rule | undefined {
  if (!isPondError(error)) return undefined;
  // An I/O error of DuckDB's that is not the user's doing: a device or a network mount that did not answer.
  const isHiccup = error.kind === "retry" || (error.code === "FILE_ACCESS" && error.kind === "unavailable");
  return RULES[error.code] ?? (isHiccup ? HICCUP : undefined);
}

export function roomBytes(room: Room, memoryBytes: number, allBytes: number): number {
  switch (room) {
    case "same":
      return memoryBytes;
    case "twice":
      return Math.min(allBytes, memoryBytes * 2);
    case "all":
      return allBytes;
  }
}
