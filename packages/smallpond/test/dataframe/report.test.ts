import { expect, test } from "vitest";
import { ActionRecorder } from "../../src/dataframe/report.ts";

test("a stage of more tasks than a call takes arguments is reported", () => {
  const action = new ActionRecorder("count()", 0);
  const tasks = 70_000;
  const stage = 3;
  action.events.push({ kind: "stage-started", stage, name: "many", tasks, atMs: 0 });
  for (let task = 0; task < tasks; task++) {
    action.events.push({ kind: "task-started", stage, task, attempt: 0, atMs: task });
    const done = { rows: 1, bytes: 2, peakMemoryBytes: task };
    action.events.push({ kind: "task-finished", stage, task, attempt: 0, atMs: task + 1, ...done });
  }
  action.events.push({ kind: "stage-finished", stage, rows: tasks, bytes: 2 * tasks, atMs: tasks });
  action.end("done", tasks);
  expect(action.report(0).stages).toEqual([
    {
      name: "many",
      tasks,
      rows: tasks,
      bytes: 2 * tasks,
      seconds: 70,
      peakMemoryBytes: tasks - 1,
      failedAttempts: 0,
    },
  ]);
});
