import type { TaskRequest, TaskResult } from "./task.ts";

/** Runs tasks somewhere. */
export interface TaskRunner extends AsyncDisposable {
  /** Tasks it can run at once. */
  readonly slots: number;
  /** Threads there are for all of them together. */
  readonly threads: number;
  /** Resident memory for all of them together, in bytes. */
  readonly memoryBytes: number;
  /**
   * Runs one task. Rejects with `EXECUTOR_LOST` (kind `retry`) when the process died under it. An abort interrupts
   * the task and rejects with `signal.reason`; nothing of its output is left.
   */
  run(request: TaskRequest, options: { readonly signal: AbortSignal }): Promise<TaskResult>;
  close(): Promise<void>;
}
