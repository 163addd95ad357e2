/** What a session and its executor processes say to each other, over Node's IPC channel. */
import type { ErrorJson } from "@smallpond/base";
import type { Task, TaskResult } from "../execution/task.ts";

export interface ExecutorSettings {
  readonly threads: number;
  readonly memoryBytes: number;
  readonly tempDirectory: string;
  readonly timeZone: string;
}

export type ToExecutor =
  | {
      readonly kind: "run";
      readonly id: number;
      readonly task: Task;
      /** DuckDB's share for this task. */
      readonly threads: number;
      readonly memoryBytes: number;
    }
  | { readonly kind: "interrupt"; readonly id: number }
  /** The call of a function that asked under this number may begin. */
  | { readonly kind: "permit"; readonly request: number }
  /** There are no more tasks. */
  | { readonly kind: "close" };

export type FromExecutor =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly id: number; readonly result: Omit<TaskResult, "peakMemoryBytes"> }
  | { readonly kind: "failed"; readonly id: number; readonly error: ErrorJson }
  /** Asks when a function may be called, whose calls are limited for the whole job. */
  | {
      readonly kind: "permit";
      readonly request: number;
      readonly key: string;
      readonly ratePerSecond: number;
    }
  /** Functions have given up what they held. */
  | { readonly kind: "closed" };
