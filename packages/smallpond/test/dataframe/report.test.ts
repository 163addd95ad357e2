import { expect, test } from "vitest";
import { ActionRecorder } from "../../src/dataframe/recorder.ts";
import { actionReport } from "../../src/dataframe/report.ts";

test("a stage of more tasks than a call takes arguments is reported", () => {
  const action = new ActionRecorder("count()", 0);
  const tasks = 70_000;
  const stage = 3;
  action.add({ kind: "stage-started", stage, name: "many", tasks, atMs: 0 });
  for (let task = 0; task < tasks; task++) {
    action.add({ kind: "task-started", stage, task, attempt: 0, atMs: 0 });
    const done = { rows: 1, bytes: 2, peakMemoryBytes: task };
    action.add({ kind: "task-finished", stage, task, attempt: 0, atMs: task + 1, ...done });
  }
  action.add({ kind: "stage-finished", stage, rows: tasks, bytes: 2 * tasks, atMs: tasks });
  action.end("done", tasks);
  expect(actionReport(action, 0).stages).toEqual([
    {
      id: stage,
      name: "many",
      tasks,
      attempts: tasks,
      rows: tasks,
      bytes: 2 * tasks,
      bytesIn: 0,
      seconds: 70,
      taskSeconds: { p50: 35, p95: 66.5, max: 70 },
      peakMemoryBytes: tasks - 1,
      failedAttempts: 0,
    },
  ]);
});
