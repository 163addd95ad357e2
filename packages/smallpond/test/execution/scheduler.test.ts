import { PondError } from "@smallpond/base";
import { ManualClock } from "@smallpond/base/testing";
import { expect, test } from "vitest";
import type { ExecutionEvent } from "../../src/execution/events.ts";
import type { TaskRunner } from "../../src/execution/runner.ts";
import { runStages, type ScheduledStage, type TaskFailure } from "../../src/execution/scheduler.ts";
import type { TaskRequest, TaskResult } from "../../src/execution/task.ts";

/** Runs tasks in virtual time and remembers how many ran at once. */
class FakeRunner implements TaskRunner {
  readonly slots: number;
  readonly threads: number;
  readonly memoryBytes = 1000;
  readonly log: string[] = [];
  /** Memory of each attempt, and how many ran when it started. */
  readonly given = new Map<string, number>();
  readonly beside = new Map<string, number>();
  running = 0;
  runningMax = 0;
  threadsMax = 0;
  memoryMax = 0;
  readonly #clock: ManualClock;
  readonly #outcome: (query: string) => Error | undefined;
  #threads = 0;
  #memory = 0;

  constructor(
    clock: ManualClock,
    settings: { slots: number; threads: number; outcome?: (query: string) => Error | undefined },
  ) {
    this.#clock = clock;
    this.slots = settings.slots;
    this.threads = settings.threads;
    this.#outcome = settings.outcome ?? (() => undefined);
  }

  async run(
    { task, limits }: TaskRequest,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<TaskResult> {
    this.running++;
    this.#threads += limits.threads;
    this.#memory += limits.memoryBytes;
    this.memoryMax = Math.max(this.memoryMax, this.#memory);
    this.runningMax = Math.max(this.runningMax, this.running);
    this.threadsMax = Math.max(this.threadsMax, this.#threads);
    this.log.push(`start ${task.query}`);
    this.given.set(task.query, limits.memoryBytes);
    this.beside.set(task.query, this.running - 1);
    try {
      const ms = task.query.startsWith("slow") ? 1_000 : 10 + (task.query.length % 3);
      await this.#clock.sleep(ms, { signal });
      const error = this.#outcome(task.query);
      if (error !== undefined) throw error;
      return { files: [], rows: [{ query: task.query }], peakMemoryBytes: 1 };
    } finally {
      this.running--;
      this.#threads -= limits.threads;
      this.#memory -= limits.memoryBytes;
      this.log.push(`end ${task.query}`);
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

interface Recorded {
  readonly stages: ScheduledStage[];
  readonly finished: Map<number, number>;
  readonly abandoned: number[];
}

/** Stages of so many tasks each; `needs` by position. */
function makeStages(shapes: readonly { tasks: number; needs?: readonly number[] }[]): Recorded {
  const finished = new Map<number, number>();
  const abandoned: number[] = [];
  const stages = shapes.map(({ tasks, needs }, id) => ({
    id,
    name: `stage ${id}`,
    needs: needs ?? [],
    prepare: () =>
      Promise.resolve({
        count: tasks,
        task: (index: number, attempt: number) => ({
          kind: "rows" as const,
          home: false,
          query: `${id}/${index}/${attempt}`,
        }),
        finish: (results: readonly TaskResult[]) => {
          expect(results.map((result) => String(result.rows[0]?.query).split("/")[1])).toEqual(
            Array.from({ length: tasks }, (_, i) => String(i)),
          );
          finished.set(id, results.length);
          return Promise.resolve();
        },
        abandon: () => Promise.resolve(void abandoned.push(id)),
      }),
    explain: (error: unknown) => new Error(`in stage ${id}: ${(error as Error).message}`),
  }));
  return { stages, finished, abandoned };
}

async function drive(
  recorded: Recorded,
  settings: {
    slots: number;
    threads: number;
    outcome?: (query: string) => Error | undefined;
    abortAfterMs?: number;
    taskTimeoutMs?: number;
  },
): Promise<{
  runner: FakeRunner;
  events: ExecutionEvent[];
  failures: TaskFailure[];
  error: Error | undefined;
}> {
  const clock = new ManualClock();
  const runner = new FakeRunner(clock, settings);
  const events: ExecutionEvent[] = [];
  const failures: TaskFailure[] = [];
  const deps = {
    clock,
    runner,
    events: (event: ExecutionEvent) => void events.push(event),
    failed: (failure: TaskFailure) => void failures.push(failure),
  };
  const controller = new AbortController();
  let error: Error | undefined;
  let settled = false;
  const run = runStages(deps, recorded.stages, {
    signal: controller.signal,
    taskTimeoutMs: settings.taskTimeoutMs ?? null,
  }).then(
    () => {
      settled = true;
    },
    (reason: unknown) => {
      settled = true;
      error = reason as Error;
    },
  );
  for (let ms = 0; !settled && ms < 10_000; ms++) {
    if (ms === settings.abortAfterMs) controller.abort(new Error("enough"));
    await clock.advance(1);
  }
  await run;
  expect(runner.running).toBe(0);
  expect(clock.pendingCount).toBe(0);
  return { runner, events, failures, error };
}

test("a stage starts when those it needs are done, and not before", async () => {
  const recorded = makeStages([
    { tasks: 2 },
    { tasks: 2 },
    { tasks: 2, needs: [0, 1] },
    { tasks: 1, needs: [2] },
  ]);
  const { runner, error } = await drive(recorded, { slots: 4, threads: 8 });
  expect(error).toBeUndefined();
  expect([...recorded.finished]).toEqual([
    [0, 2],
    [1, 2],
    [2, 2],
    [3, 1],
  ]);
  const at = (entry: string): number => runner.log.indexOf(entry);
  for (const early of ["end 0/0/0", "end 0/1/0", "end 1/0/0", "end 1/1/0"]) {
    for (const late of ["start 2/0/0", "start 2/1/0"]) expect(at(early)).toBeLessThan(at(late));
  }
  expect(at("end 2/1/0")).toBeLessThan(at("start 3/0/0"));
});

test.each([
  { slots: 1, threads: 1, tasks: 7 },
  { slots: 3, threads: 8, tasks: 20 },
  { slots: 4, threads: 4, tasks: 2 },
  { slots: 8, threads: 8, tasks: 50 },
])(
  "never more tasks than slots, never more threads than there are: %j",
  async ({ slots, threads, tasks }) => {
    const recorded = makeStages([{ tasks }, { tasks: 1 }, { tasks }]);
    const { runner } = await drive(recorded, { slots, threads });
    expect(recorded.finished.size).toBe(3);
    expect(runner.runningMax).toBeLessThanOrEqual(slots);
    expect(runner.threadsMax).toBeLessThanOrEqual(threads);
    expect(runner.runningMax).toBe(Math.min(slots, threads, tasks));
  },
);

test("a lost executor costs another attempt in a directory of its own, up to four", async () => {
  const lost = new PondError("EXECUTOR_LOST", { kind: "retry", message: "gone" });
  const recorded = makeStages([{ tasks: 3 }]);
  const { runner, events, error } = await drive(recorded, {
    slots: 2,
    threads: 2,
    outcome: (query) => (/\/1\/[012]$/.test(query) ? lost : undefined),
  });
  expect(error).toBeUndefined();
  expect(runner.log.filter((entry) => entry.startsWith("start 0/1/"))).toEqual([
    "start 0/1/0",
    "start 0/1/1",
    "start 0/1/2",
    "start 0/1/3",
  ]);
  expect(events.filter((event) => event.kind === "task-failed" && event.retried).length).toBe(3);
  expect(recorded.abandoned).toEqual([]);

  const hopeless = makeStages([{ tasks: 3 }]);
  const second = await drive(hopeless, {
    slots: 2,
    threads: 2,
    outcome: (query) => (query.startsWith("0/1/") ? lost : undefined),
  });
  expect(second.error?.message).toBe("in stage 0: gone");
  expect(second.runner.log.filter((entry) => entry.startsWith("start 0/1/")).length).toBe(4);
  expect(hopeless.abandoned).toEqual([0]);
});

test("the first failure stops the others, is told once they have ended, and everything is abandoned", async () => {
  const recorded = makeStages([{ tasks: 10 }, { tasks: 10 }, { tasks: 1, needs: [0] }]);
  const { runner, error } = await drive(recorded, {
    slots: 4,
    threads: 4,
    outcome: (query) => (query === "0/1/0" ? new Error("bad row") : undefined),
  });
  expect(error?.message).toBe("in stage 0: bad row");
  expect(runner.log.filter((entry) => entry.startsWith("start")).length).toBeLessThan(10);
  expect(recorded.finished.size).toBe(0);
  expect(recorded.abandoned.sort()).toEqual([0, 1]);
});

test("an abort interrupts what runs and rejects with its reason", async () => {
  const recorded = makeStages([{ tasks: 10 }]);
  const { error, runner } = await drive(recorded, { slots: 2, threads: 2, abortAfterMs: 15 });
  expect(error?.message).toBe("enough");
  expect(runner.log.filter((entry) => entry.startsWith("start")).length).toBeLessThan(6);
  expect(recorded.abandoned).toEqual([0]);
});

test("a stage that cannot be prepared fails the run and abandons the others", async () => {
  const recorded = makeStages([{ tasks: 5 }, { tasks: 1 }]);
  const broken: ScheduledStage = {
    ...recorded.stages[1]!,
    prepare: () => Promise.reject(new Error("no plan")),
  };
  const { error } = await drive(
    { ...recorded, stages: [recorded.stages[0]!, broken] },
    { slots: 2, threads: 2 },
  );
  expect(error?.message).toBe("no plan");
  expect(recorded.abandoned).toEqual([0]);
});

test("stages without tasks are finished at once", async () => {
  const recorded = makeStages([{ tasks: 0 }, { tasks: 2, needs: [0] }]);
  await drive(recorded, { slots: 1, threads: 1 });
  expect([...recorded.finished]).toEqual([
    [0, 0],
    [1, 2],
  ]);
});

test("events tell every stage and attempt, with times in order", async () => {
  const recorded = makeStages([{ tasks: 2 }, { tasks: 1, needs: [0] }]);
  const { events } = await drive(recorded, { slots: 2, threads: 2 });
  const kinds = events.map((event) => event.kind);
  expect(kinds.filter((kind) => kind === "stage-started").length).toBe(2);
  expect(kinds.filter((kind) => kind === "task-finished").length).toBe(3);
  expect(kinds.filter((kind) => kind === "stage-finished").length).toBe(2);
  expect(events.map((event) => event.atMs)).toEqual(
    events.map((event) => event.atMs).toSorted((a, b) => a - b),
  );
});

test("out of memory doubles the memory until a task runs alone, and never gives more than there is", async () => {
  const out = new PondError("OUT_OF_MEMORY", { kind: "unavailable", message: "too much" });
  const recorded = makeStages([{ tasks: 8 }]);
  const { runner, error, events } = await drive(recorded, {
    slots: 4,
    threads: 4,
    outcome: (query) => (/^0\/2\/[01]$/.test(query) ? out : undefined),
  });
  expect(error).toBeUndefined();
  expect(["0/2/0", "0/2/1", "0/2/2"].map((query) => runner.given.get(query))).toEqual([250, 500, 1000]);
  expect(runner.beside.get("0/2/2")).toBe(0);
  expect(runner.memoryMax).toBeLessThanOrEqual(runner.memoryBytes);
  expect(events.filter((event) => event.kind === "task-failed").map((event) => event.retried)).toEqual([
    true,
    true,
  ]);
});

test("a task that takes longer than the limit is interrupted, tried again, and ends the run the third time", async () => {
  const slow: ScheduledStage = {
    ...makeStages([{ tasks: 1 }]).stages[0]!,
    prepare: () =>
      Promise.resolve({
        count: 1,
        task: (_, attempt) => ({ kind: "rows" as const, home: false, query: `slow${attempt}` }),
        finish: () => Promise.resolve(),
        abandon: () => Promise.resolve(),
      }),
  };
  const { error, failures, runner } = await drive(
    { ...makeStages([]), stages: [slow] },
    { slots: 1, threads: 1, taskTimeoutMs: 50 },
  );
  expect(error?.message).toBe("in stage 0: stage 0 [0] took longer than 0.05 s");
  expect(runner.log).toEqual([
    "start slow0",
    "end slow0",
    "start slow1",
    "end slow1",
    "start slow2",
    "end slow2",
  ]);
  expect(failures.length).toBe(1);
  expect(failures[0]!.attempts.map((one) => one.code)).toEqual(Array(3).fill("TASK_TIMEOUT"));
});

test("the task that ends a run is told once, with its last attempt; those it stops are not", async () => {
  const recorded = makeStages([{ tasks: 6 }]);
  const { failures, error } = await drive(recorded, {
    slots: 3,
    threads: 3,
    outcome: (query) => (query.startsWith("0/") ? new Error(`bad ${query}`) : undefined),
  });
  expect(failures.length).toBe(1);
  expect(failures[0]).toMatchObject({ stage: { id: 0, name: "stage 0" }, error });
  expect(failures[0]!.request.task.query).toMatch(new RegExp(`^0/${failures[0]!.index}/0$`));
});
