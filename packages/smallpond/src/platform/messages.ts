/** What a session and its executor processes say to each other, over Node's IPC channel. */
import type { ErrorJson } from "@smallpond/base";
import type { RowsTask, TaskResult, WriteTask } from "../execution/task.ts";

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
      readonly task: WriteTask | RowsTask;
      /** DuckDB's share for this task. */
      readonly threads: number;
      readonly memoryBytes: number;
    }
  | { readonly kind: "interrupt"; readonly id: number };

export type FromExecutor =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly id: number; readonly result: Omit<TaskResult, "peakMemoryBytes"> }
  | { readonly kind: "failed"; readonly id: number; readonly error: ErrorJson };
