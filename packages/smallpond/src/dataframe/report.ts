/** What a session did, as data for `report.json` and people. */
import type { LogicalNode } from "../logical/node.ts";
import { describeNode } from "../planner/describe.ts";
import type { ActionRecorder, Outcome } from "./recorder.ts";
import { quantile, type StageTotals } from "./stage-totals.ts";

/** How long the attempts that succeeded took. */
export interface TaskSeconds {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

export interface StageReport {
  /** Its number in the job, as in the log. */
  readonly id: number;
  readonly name: string;
  readonly tasks: number;
  /** Attempts at its tasks that were begun. */
  readonly attempts: number;
  readonly rows: number;
  /** Written. */
  readonly bytes: number;
  /** Of the files and results it reads, each counted once. */
  readonly bytesIn: number;
  readonly seconds: number;
  readonly taskSeconds: TaskSeconds;
  readonly peakMemoryBytes: number;
  readonly failedAttempts: number;
}

/**
 * One step of the plan that ran. Steps that became one statement are measured together: the figures stand at the last
 * of them, the others name where they ran and have none.
 */
export interface NodeReport {
  readonly node: number;
  readonly step: string;
  /** The line of the script. */
  readonly at: string | null;
  readonly inputs: readonly number[];
  /** The number of its stage; `query` is the one that gave the action's rows; null for what was kept from before. */
  readonly ranIn: number | "query" | null;
  readonly rows: number | null;
  readonly bytesIn: number | null;
  readonly bytesOut: number | null;
  readonly seconds: number | null;
  readonly peakMemoryBytes: number | null;
  readonly attempts: number | null;
}

export interface ActionReport {
  /** `count()`, `writeParquet(output/)`, … */
  readonly name: string;
  readonly seconds: number;
  readonly outcome: Outcome;
  readonly stages: readonly StageReport[];
  readonly nodes: readonly NodeReport[];
}

export interface SessionReport {
  readonly jobId: string;
  readonly jobName: string;
  readonly startedAt: string;
  readonly engine: string;
  readonly actions: readonly ActionReport[];
  /** Tasks that failed for good; their reports are in `failed/` of the job's directory. */
  readonly failedTasks: readonly FailedTaskReport[];
}

export interface FailedTaskReport {
  readonly id: string;
  readonly step: string;
  /** The command that runs just it; null for one that cannot run by itself. */
  readonly rerun: string | null;
}

export function actionReport(action: ActionRecorder, nowMs: number): ActionReport {
  return {
    name: action.name,
    seconds: seconds((action.endMs ?? nowMs) - action.startMs),
    outcome: action.outcome,
    stages: [...action.stages.values()].map((stage) => stageReport(action, stage)),
    nodes: nodeReports(action, nowMs),
  };
}

function stageReport(action: ActionRecorder, stage: StageTotals): StageReport {
  const sorted = stage.taskMs.toSorted((a, b) => a - b);
  return {
    id: stage.id,
    name: stage.name,
    tasks: stage.tasks,
    attempts: stage.attempts,
    rows: stage.rows,
    bytes: stage.bytes,
    bytesIn: bytesIn(action, stage.step?.reads ?? []),
    seconds: seconds(stage.lastMs - stage.firstMs),
    taskSeconds: {
      p50: seconds(quantile(sorted, 0.5)),
      p95: seconds(quantile(sorted, 0.95)),
      max: seconds(sorted.at(-1) ?? 0),
    },
    peakMemoryBytes: stage.peakMemoryBytes,
    failedAttempts: stage.failedAttempts,
  };
}

/** Files and earlier results are known from the plan, results of this action from their stages. */
function bytesIn(action: ActionRecorder, reads: readonly LogicalNode[]): number {
  let bytes = 0;
  for (const node of reads) {
    const known = action.plans.find((plan) => plan.inputBytes.has(node.id))?.inputBytes.get(node.id);
    bytes += known ?? action.bytesOf(node) ?? 0;
  }
  return bytes;
}

function nodeReports(action: ActionRecorder, nowMs: number): NodeReport[] {
  const reports = new Map<number, NodeReport>();
  const add = (node: LogicalNode, figures: Partial<NodeReport>): void => {
    const before = reports.get(node.id);
    // A node that several stages compute is reported where it has figures of its own.
    if (before !== undefined && (before.rows !== null || figures.rows === undefined)) return;
    reports.set(node.id, { ...plainReport(node), ...figures });
  };
  for (const stage of action.stages.values()) {
    const { step } = stage;
    if (step === undefined || step.kind === "sample") continue;
    for (const read of step.reads) add(read, readFigures(action, read));
    for (const node of step.computes) if (node.id !== step.node.id) add(node, { ranIn: stage.id });
    add(step.node, stageFigures(action, stage));
  }
  const query = action.plans.at(-1)?.query ?? null;
  if (query !== null && action.queryStartMs !== undefined) {
    for (const read of query.reads) add(read, readFigures(action, read));
    for (const node of query.computes) if (node.id !== query.node.id) add(node, { ranIn: "query" });
    add(query.node, {
      ranIn: "query",
      rows: action.rows,
      bytesIn: bytesIn(action, query.reads),
      seconds: seconds((action.endMs ?? nowMs) - action.queryStartMs),
      peakMemoryBytes: action.peakMemoryBytes,
      attempts: 1,
    });
  }
  return [...reports.values()].sort((a, b) => a.node - b.node);
}

function plainReport(node: LogicalNode): NodeReport {
  return {
    node: node.id,
    step: describeNode(node),
    at: node.origin.location() ?? null,
    inputs: node.inputs.map((input) => input.id),
    ranIn: null,
    rows: null,
    bytesIn: null,
    bytesOut: null,
    seconds: null,
    peakMemoryBytes: null,
    attempts: null,
  };
}

/** Files, or a result that an earlier action left: all that is known is how large they are. */
function readFigures(action: ActionRecorder, node: LogicalNode): Partial<NodeReport> {
  const bytes = action.plans.find((plan) => plan.inputBytes.has(node.id))?.inputBytes.get(node.id);
  return bytes === undefined ? {} : { bytesOut: bytes };
}

function stageFigures(action: ActionRecorder, stage: StageTotals): Partial<NodeReport> {
  return {
    ranIn: stage.id,
    rows: stage.rows,
    bytesIn: bytesIn(action, stage.step?.reads ?? []),
    bytesOut: stage.bytes,
    seconds: seconds(stage.lastMs - stage.firstMs),
    peakMemoryBytes: stage.peakMemoryBytes,
    attempts: stage.attempts,
  };
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}
