/** What happens while a job runs, as plain data: the report, the timeline and progress are made from it. */

export type ExecutionEvent =
  | {
      readonly kind: "stage-started";
      readonly stage: number;
      readonly name: string;
      readonly tasks: number;
      readonly atMs: number;
    }
  | {
      readonly kind: "stage-finished";
      readonly stage: number;
      readonly atMs: number;
      readonly rows: number;
      readonly bytes: number;
    }
  | {
      readonly kind: "task-started";
      readonly stage: number;
      readonly task: number;
      readonly attempt: number;
      readonly atMs: number;
    }
  | {
      readonly kind: "task-finished";
      readonly stage: number;
      readonly task: number;
      readonly attempt: number;
      readonly atMs: number;
      readonly rows: number;
      readonly bytes: number;
      readonly peakMemoryBytes: number;
      /** Process id; none when the session's own process ran the task. */
      readonly executor?: number;
    }
  | {
      readonly kind: "task-failed";
      readonly stage: number;
      readonly task: number;
      readonly attempt: number;
      readonly atMs: number;
      readonly message: string;
      readonly retried: boolean;
    };

export type EventSink = (event: ExecutionEvent) => void;
