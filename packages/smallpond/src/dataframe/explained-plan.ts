/** What `explain()` says, as data. */
import type { LogicalNode } from "../logical/node.ts";
import type { Size } from "../planner/size.ts";
import type { StageStep } from "../planner/stage-steps.ts";
import type { ActionOptions } from "./engine.ts";

export interface ExplainOptions extends ActionOptions {
  /** Computes the frame and adds what was measured. */
  readonly analyze?: boolean;
  /** `text` when not given. */
  readonly format?: "text" | "json" | "mermaid";
}

export interface ExplainedPlan {
  /** As the script has it, and as it runs; inputs before the nodes that use them. */
  readonly written: readonly ExplainedNode[];
  readonly optimized: readonly ExplainedNode[];
  readonly stages: readonly ExplainedStage[];
  /** The query over what the stages leave. It always runs in this process. */
  readonly query: ExplainedQuery;
}

export interface ExplainedNode {
  readonly node: number;
  readonly step: string;
  readonly inputs: readonly number[];
  /** The line of the script. */
  readonly at: string | null;
}

export interface ExplainedStage {
  readonly name: string;
  readonly kind: StageStep["kind"];
  readonly node: number;
  readonly tasks: number;
  /** Processes its tasks are dealt to; 0 is this process. */
  readonly executors: number;
  /** What it writes, and what is read again from there; null where nothing can be said beforehand. */
  readonly estimate: Size | null;
  readonly measured: Measured | null;
}

export interface ExplainedQuery {
  readonly node: number;
  readonly estimate: Size | null;
  readonly measured: Omit<Measured, "bytes" | "attempts"> | null;
  /** The operators that took longest, as the engine names them. */
  readonly operators: readonly ProfiledOperator[];
}

export interface Measured {
  readonly rows: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly peakMemoryBytes: number;
  readonly attempts: number;
}

export interface ProfiledOperator {
  readonly name: string;
  readonly rows: number;
  readonly seconds: number;
}

/** What the engine knows of a plan before it runs. */
export interface PlannedFrame {
  readonly root: LogicalNode;
  readonly names: readonly string[];
  readonly steps: readonly StageStep[];
  /** Of the nodes of the steps, and of the root. */
  readonly sizes: ReadonlyMap<number, Size | null>;
  readonly executors: number;
}
