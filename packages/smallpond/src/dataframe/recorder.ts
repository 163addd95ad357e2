/** What a session does, noted as it happens: the report, the log, the status and progress are made from it. */
import type { Clock } from "@smallpond/base";
import type { EventSink, ExecutionEvent } from "../execution/events.ts";
import type { LogicalNode, NodeId } from "../logical/node.ts";
import type { StageStep } from "../planner/stage-steps.ts";
import { newPromise } from "./new-promise.ts";
import { StageTotals } from "./stage-totals.ts";

export type Outcome = "running" | "done" | "failed" | "interrupted";

/** The query that gives an action's rows: the node it is for, what it computes and what it reads. */
export type QueryStep = Pick<StageStep, "node" | "reads" | "computes">;

/** What an action runs: its stages, and the query that reads what they leave. */
export interface ActionPlan {
  readonly steps: readonly StageStep[];
  /** Nodes computed by the query at the end, and what it reads; null when nothing is read at the end. */
  readonly query: QueryStep | null;
  /** Bytes of files and of results that were there before, by node. */
  readonly inputBytes: ReadonlyMap<NodeId, number>;
}

/** Told of everything, in order. Must not throw. */
export interface RecorderListener {
  actionStarted(action: ActionRecorder): void;
  stageEvent(action: ActionRecorder, stage: StageTotals, event: ExecutionEvent): void;
  actionEnded(action: ActionRecorder, error: unknown): void;
}

/** A run of stages whose events are noted. */
export interface NotedRun {
  readonly events: EventSink;
  /** What was noted of a stage, by its number in the run. */
  stage(id: number): StageTotals | undefined;
}

/** One action, from its start to its end. */
export class ActionRecorder {
  readonly name: string;
  /** Its place among the session's actions, from 0. */
  readonly index: number;
  readonly startMs: number;
  /** With the numbers that stages have in the job. */
  readonly events: ExecutionEvent[] = [];
  readonly stages: Map<number, StageTotals> = new Map();
  readonly plans: ActionPlan[] = [];
  outcome: Outcome = "running";
  endMs: number | undefined;
  /** When the query at the end began; undefined where there is none, or not yet. */
  queryStartMs: number | undefined;
  /** Rows that the query at the end gave. */
  rows = 0;
  /** Of this process, while the action ran. */
  peakMemoryBytes = 0;
  /** Ends what runs, for a reason. */
  stop: ((reason: unknown) => void) | undefined;
  /** How far the query at the end is, from 0 to 1, where the engine knows. */
  queryShare: (() => number | null) | undefined;
  readonly #recorder: Recorder | undefined;

  constructor(
    name: string,
    startMs: number,
    options: { readonly index?: number; readonly recorder?: Recorder } = {},
  ) {
    this.name = name;
    this.startMs = startMs;
    this.index = options.index ?? 0;
    this.#recorder = options.recorder;
  }

  /** Notes a plan that is about to run; returns where its events go. */
  run(plan: ActionPlan): NotedRun {
    this.plans.push(plan);
    const first = this.#recorder?.takeStages(plan.steps.length) ?? 0;
    return {
      events: (event) => this.add({ ...event, stage: first + event.stage }, plan.steps[event.stage]),
      stage: (id) => this.stages.get(first + id),
    };
  }

  add(event: ExecutionEvent, step?: StageStep): void {
    let stage = this.stages.get(event.stage);
    if (stage === undefined) {
      stage = new StageTotals(event.stage, step, event.atMs);
      this.stages.set(event.stage, stage);
    }
    this.events.push(event);
    stage.add(event);
    this.#recorder?.tell((listener) => listener.stageEvent(this, stage, event));
  }

  /** Told once; what comes later is ignored. */
  end(outcome: Exclude<Outcome, "running">, atMs: number, error?: unknown): void {
    if (this.outcome !== "running") return;
    this.outcome = outcome;
    this.endMs = atMs;
    this.#recorder?.tell((listener) => listener.actionEnded(this, error));
  }

  /** What the stage of a node wrote, once it is finished. */
  bytesOf(node: LogicalNode): number | undefined {
    for (const stage of this.stages.values()) {
      if (stage.finished && stage.step?.node.id === node.id && stage.step.kind !== "sample")
        return stage.bytes;
    }
    return undefined;
  }
}

/** How long actions may take to end when the session closes. */
const CLOSE_MS_MAX = 500;
/** Actions kept for the report. */
const ACTIONS_MAX = 1_000;

export class Recorder {
  readonly actions: ActionRecorder[] = [];
  /** Whether somebody looks at progress, so that queries should count theirs. */
  watched = false;
  readonly #clock: Clock;
  readonly #listeners = new Set<RecorderListener>();
  readonly #recorded = new Set<Promise<void>>();
  #actionCount = 0;
  #stageCount = 0;
  #closing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get nowMs(): number {
    return this.#clock.wallMs();
  }

  /** The newest action that runs now. */
  get running(): ActionRecorder | undefined {
    return this.actions.findLast((action) => action.outcome === "running");
  }

  listen(listener: RecorderListener): void {
    this.#listeners.add(listener);
  }

  begin(name: string): ActionRecorder {
    const action = new ActionRecorder(name, this.nowMs, { index: this.#actionCount++, recorder: this });
    this.actions.push(action);
    if (this.actions.length > ACTIONS_MAX) this.actions.shift();
    this.tell((listener) => listener.actionStarted(action));
    return action;
  }

  /** Records an action from its start to its end, whichever way it ends. */
  async record<T>(
    name: string,
    signal: AbortSignal | undefined,
    work: (action: ActionRecorder) => Promise<T>,
  ): Promise<T> {
    const action = this.begin(name);
    const { promise, resolve } = newPromise();
    this.#recorded.add(promise);
    try {
      const result = await work(action);
      this.end(action);
      return result;
    } catch (error) {
      this.fail(action, signal, error);
      throw error;
    } finally {
      this.#recorded.delete(promise);
      resolve();
    }
  }

  end(action: ActionRecorder): void {
    action.end("done", this.nowMs);
  }

  /** An action that its caller stopped, or that the end of the session stopped, has not failed. */
  fail(action: ActionRecorder, signal: AbortSignal | undefined, error: unknown): void {
    const stopped = signal?.aborted === true || this.#closing;
    action.end(stopped ? "interrupted" : "failed", this.nowMs, error);
  }

  /**
   * Ends what runs, and waits for it for a bounded time: a function of the user's may not listen. What ends without
   * success from now on was interrupted.
   */
  async close(reason: unknown): Promise<void> {
    this.#closing = true;
    for (const action of this.actions) if (action.outcome === "running") action.stop?.(reason);
    const waited = new AbortController();
    const late = this.#clock.sleep(CLOSE_MS_MAX, { signal: waited.signal }).catch(() => {});
    await Promise.race([Promise.all(this.#recorded), late]);
    waited.abort();
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** Numbers for the stages of one more plan. */
  takeStages(count: number): number {
    const first = this.#stageCount;
    this.#stageCount += count;
    return first;
  }

  tell(of: (listener: RecorderListener) => void): void {
    for (const listener of this.#listeners) of(listener);
  }
}
