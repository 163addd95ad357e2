/** Makes what `explain()` says, and measures what it is asked to. */
import { type LogicalNode, topological } from "../logical/node.ts";
import { describeNode } from "../planner/describe.ts";
import type { Engine } from "./engine.ts";
import { explainMermaid, explainText } from "./explain-text.ts";
import type {
  ExplainedNode,
  ExplainedPlan,
  ExplainedStage,
  ExplainOptions,
  Measured,
  PlannedFrame,
  ProfiledOperator,
} from "./explained-plan.ts";
import type { FrameHost } from "./frame-host.ts";
import type { ActionRecorder } from "./recorder.ts";
import { runAction } from "./run-action.ts";

/** A frame that was computed to be measured. */
interface MeasuredFrame {
  readonly action: ActionRecorder;
  readonly operators: readonly ProfiledOperator[];
}

const OPERATORS_MAX = 5;

export async function explainFrame(
  host: FrameHost,
  node: LogicalNode,
  options: ExplainOptions,
): Promise<string | ExplainedPlan> {
  host.expectOpen();
  const { engine } = host;
  const planned = await engine.plan(node);
  const { analyze = false, format = "text" } = options;
  const measured = analyze
    ? await runAction(host, { name: "explain()", options }, (signal, action) =>
        measure(engine, node, signal, action),
      )
    : null;
  return explained(node, planned, measured, format);
}

/** Computes the frame and drops its rows. */
async function measure(
  engine: Engine,
  node: LogicalNode,
  signal: AbortSignal,
  action: ActionRecorder,
): Promise<MeasuredFrame> {
  await using reading = await engine.read(node, "order", { signal, action });
  const query = `EXPLAIN (ANALYZE, FORMAT json) ${reading.query}`;
  try {
    const [row] = await reading.connection.rows(query, { signal });
    const profile = JSON.parse(String(row?.explain_value)) as Operator;
    const operators = operatorsBelow(profile);
    action.rows = operators[0]?.rows ?? 0;
    return { action, operators };
  } catch (error) {
    throw await engine.explainFailure(reading.root, error);
  }
}

function explained(
  written: LogicalNode,
  planned: PlannedFrame,
  measured: MeasuredFrame | null,
  format: NonNullable<ExplainOptions["format"]>,
): string | ExplainedPlan {
  const plan: ExplainedPlan = {
    written: topological(written).map(explainedNode),
    optimized: topological(planned.root).map(explainedNode),
    stages: planned.steps.map((_, i) => explainedStage(planned, i, measured)),
    query: {
      node: planned.root.id,
      estimate: planned.sizes.get(planned.root.id) ?? null,
      measured: measured === null ? null : measuredQuery(measured.action),
      operators: slowest(measured?.operators ?? []),
    },
  };
  switch (format) {
    case "json":
      return plan;
    case "text":
      return explainText(plan, { written, optimized: planned.root });
    case "mermaid":
      return explainMermaid(plan);
    default:
      return format satisfies never;
  }
}

function explainedNode(node: LogicalNode): ExplainedNode {
  const inputs = node.inputs.map((input) => input.id);
  return { node: node.id, step: describeNode(node), inputs, at: node.origin.location() ?? null };
}

function explainedStage(planned: PlannedFrame, i: number, measured: MeasuredFrame | null): ExplainedStage {
  const step = planned.steps[i]!;
  // Rows of the program are in this process only.
  const isHome = step.reads.some((node) => node.kind === "values");
  return {
    name: planned.names[i]!,
    kind: step.kind,
    node: step.node.id,
    tasks: step.tasks,
    executors: isHome ? 0 : planned.executors,
    estimate: step.kind === "sample" ? null : (planned.sizes.get(step.node.id) ?? null),
    measured: measured === null ? null : measuredStage(measured.action, step.kind, step.node.id),
  };
}

function measuredStage(action: ActionRecorder, kind: string, node: number): Measured | null {
  const stages = [...action.stages.values()];
  const stage = stages.find(({ step }) => step?.kind === kind && step.node.id === node);
  if (stage === undefined) return null;
  const { rows, bytes, peakMemoryBytes, attempts, firstMs, lastMs } = stage;
  return { rows, bytes, seconds: (lastMs - firstMs) / 1000, peakMemoryBytes, attempts };
}

function measuredQuery(action: ActionRecorder): ExplainedPlan["query"]["measured"] {
  const { rows, peakMemoryBytes, startMs, endMs = startMs, queryStartMs = startMs } = action;
  return { rows, seconds: (endMs - queryStartMs) / 1000, peakMemoryBytes };
}

interface Operator {
  readonly operator_name?: string;
  readonly operator_timing?: number;
  readonly operator_cardinality?: number;
  readonly children?: readonly Operator[];
}

/** All operators below the one that explains, the outermost first. */
function operatorsBelow(profile: Operator): ProfiledOperator[] {
  return (profile.children ?? []).flatMap((operator) => {
    const { operator_name: name = "", operator_timing = 0, operator_cardinality: rows = 0 } = operator;
    const own = { name: name.trim(), rows, seconds: operator_timing };
    return [...(own.name === "EXPLAIN_ANALYZE" ? [] : [own]), ...operatorsBelow(operator)];
  });
}

function slowest(operators: readonly ProfiledOperator[]): readonly ProfiledOperator[] {
  return [...operators].sort((a, b) => b.seconds - a.seconds).slice(0, OPERATORS_MAX);
}

export type { ExplainedPlan, ExplainOptions, PlannedFrame } from "./explained-plan.ts";
