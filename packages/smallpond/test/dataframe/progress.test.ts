import { expect, test } from "vitest";
import { progressOf, progressText } from "../../src/dataframe/progress.ts";
import { ActionRecorder } from "../../src/dataframe/recorder.ts";

/** An action with one stage of ten tasks, of which some are done, a second each. */
function running(done: number): ActionRecorder {
  const action = new ActionRecorder("writeParquet(output/)", 0);
  action.add({ kind: "stage-started", stage: 0, name: "partialSql(SELECT 1)", tasks: 10, atMs: 0 });
  for (let task = 0; task < done; task++) {
    const atMs = task * 1_000;
    const figures = { rows: 1_000, bytes: 1_024, peakMemoryBytes: 1 };
    action.add({ kind: "task-started", stage: 0, task, attempt: 0, atMs });
    action.add({ kind: "task-finished", stage: 0, task, attempt: 0, atMs: atMs + 1_000, ...figures });
  }
  return action;
}

test("tells tasks, rows, bytes and the time left of a stage whose tasks take a second each", () => {
  const progress = progressOf(running(5), 5_000);
  expect(progress).toMatchObject({ tasks: 10, tasksDone: 5, rows: 5_000, bytes: 5_120, stepSecondsLeft: 5 });
  expect(progressText(progress, 200)).toBe(
    "writeParquet(output/) · partialSql(SELECT 1) · 5/10 tasks · 5,000 rows · 5.00 KiB · 5 s, about 5 s left",
  );
});

test("says nothing of the time left while too little is done to tell", () => {
  expect(progressOf(running(2), 2_000).stepSecondsLeft).toBeNull();
  expect(progressOf(running(0), 60_000).stepSecondsLeft).toBeNull();
  expect(progressText(progressOf(running(0), 60_000), 200)).not.toContain("left");
});

test("counts attempts that are made again", () => {
  const action = running(1);
  const failed = {
    kind: "task-failed",
    stage: 0,
    task: 1,
    attempt: 0,
    message: "lost",
    retried: true,
  } as const;
  action.add({ kind: "task-started", stage: 0, task: 1, attempt: 0, atMs: 1 });
  action.add({ ...failed, atMs: 2 });
  expect(progressText(progressOf(action, 5), 200)).toContain(" · 1 retry · ");
});

test("the query at the end tells its share and what that leaves", () => {
  const action = new ActionRecorder("count()", 0);
  action.run({ steps: [], query: null, inputBytes: new Map() });
  action.queryStartMs = 0;
  action.queryShare = () => 0.25;
  expect(progressText(progressOf(action, 2_000), 100)).toBe("count() · 25 % · 2 s, about 6 s left");
  action.queryShare = () => null;
  expect(progressText(progressOf(action, 2_500), 100)).toBe("count() · 2.5 s");
});

test.each([20, 40, 60, 80])(
  "is never wider than %i characters, and keeps its figures while it can",
  (width) => {
    const text = progressText(progressOf(running(5), 5_000), width);
    expect(text.length).toBeLessThanOrEqual(width);
    if (width >= 80) expect(text).toContain("5/10 tasks");
  },
);
