/** What `explain()` says, for people. */
import { formatBytes } from "@smallpond/base";
import type { LogicalNode } from "../logical/node.ts";
import type { Certainty, Size } from "../planner/size.ts";
import type { ExplainedPlan, ExplainedStage } from "./explained-plan.ts";
import { tree } from "./graph.ts";

export function explainText(
  plan: ExplainedPlan,
  trees: { readonly written: LogicalNode; readonly optimized: LogicalNode },
): string {
  const note = (node: LogicalNode): string => {
    const location = node.origin.location();
    return location === undefined ? "" : `  — ${location}`;
  };
  const stages = plan.stages.map((stage, i) => `${i + 1}. ${stageText(stage)}`);
  const parts = [
    ["as written", tree(trees.written, note)],
    ["optimized", tree(trees.optimized, () => "")],
    ["stages", [...stages, `${stages.length + 1}. ${queryText(plan)}`].join("\n")],
  ];
  return parts.map(([name, text]) => `${name}:\n${text!.replace(/^/gm, "  ")}`).join("\n");
}

function stageText(stage: ExplainedStage): string {
  const { name, tasks, executors, measured } = stage;
  const place = executors === 0 ? "in this process" : `in ${counted(executors, "executor")}`;
  const text = `${name}: ${[...sizeOf(stage), `${counted(tasks, "task")} ${place}`].join("; ")}`;
  if (measured === null) return text;
  const { rows, bytes, seconds, peakMemoryBytes, attempts } = measured;
  const again = attempts > tasks ? `, ${attempts - tasks} attempts failed` : "";
  const memory = `${formatBytes(peakMemoryBytes)} of memory`;
  return `${text}\n   took ${seconds.toFixed(2)} s: ${numberText(rows)} rows, ${formatBytes(bytes)}, ${memory}${again}`;
}

/** A shuffle always says: that is what a plan is read for. Others keep to themselves what is only guessed. */
function sizeOf({ kind, estimate }: ExplainedStage): string[] {
  if (kind === "sample") return [];
  if (kind === "shuffle") {
    return [estimate === null ? "moves an unknown number of bytes" : `moves ${sizeText(estimate)}`];
  }
  return estimate === null || estimate.certainty === "guess" ? [] : [`writes ${sizeText(estimate)}`];
}

function queryText({ query }: ExplainedPlan): string {
  if (query.measured === null) return "one query over what remains";
  const { rows, seconds, peakMemoryBytes } = query.measured;
  const lines = [
    "one query over what remains",
    `   took ${seconds.toFixed(2)} s: ${numberText(rows)} rows, ${formatBytes(peakMemoryBytes)} of memory`,
    ...query.operators.map(
      (one) => `   ${one.seconds.toFixed(3)} s on all threads  ${one.name}, ${numberText(one.rows)} rows`,
    ),
  ];
  return lines.join("\n");
}

/** The optimized plan as a flowchart; what stages write is on the arrows' ends that they write. */
export function explainMermaid(plan: ExplainedPlan): string {
  const lines = ["flowchart TD"];
  for (const { node, step, inputs } of plan.optimized) {
    const stage = plan.stages.find((one) => one.node === node && one.kind !== "sample");
    const parts = [step, ...(stage === undefined ? [] : [...sizeOf(stage), counted(stage.tasks, "task")])];
    lines.push(`  n${node}["${parts.join("<br/>").replaceAll('"', "#quot;")}"]`);
    for (const input of inputs) lines.push(`  n${input} --> n${node}`);
  }
  return `${lines.join("\n")}\n`;
}

const WORDS: Readonly<Record<Certainty, string>> = {
  exact: "",
  about: "about ",
  "at-most": "at most about ",
  guess: "perhaps ",
};

function sizeText({ rows, bytes, certainty }: Size): string {
  const size = `${WORDS[certainty]}${formatBytes(bytes)}`;
  return rows === null ? size : `${size} in ${numberText(rows)} rows`;
}

function counted(count: number, what: string): string {
  return `${numberText(count)} ${what}${count === 1 ? "" : "s"}`;
}

function numberText(count: number): string {
  return count.toLocaleString("en-US");
}
