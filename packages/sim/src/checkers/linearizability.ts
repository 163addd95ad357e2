/**
 * Linearizability: is there one order of all operations, each between its call and its answer, that the model allows?
 * A history about several independent things is checked thing by thing, which is as strong and much cheaper (locality,
 * Herlihy and Wing 1990).
 */
import { PondError } from "@smallpond/base";
import type { Operation } from "./history.ts";
import { type Model, UNKNOWN } from "./model.ts";
import { type DoneSet, findOrder, type Precedence, type SearchResult } from "./search.ts";

export interface Violation {
  /** The independent part of the history that has no order. */
  readonly part: string;
  readonly kind: "impossible" | "undecided";
  /** What could be ordered, then what was still to come, one line an operation. */
  readonly explanation: string;
}

export interface CheckOptions {
  /** Placements tried per part before it counts as undecided. */
  readonly stepsMax?: number;
}

/** Every part of the history that no order explains; empty if the history is linearizable. */
export function checkLinearizable<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
  options: CheckOptions = {},
): readonly Violation[] {
  const violations: Violation[] = [];
  for (const [part, operations] of partition(model, history)) {
    const result = findOrder(model, operations, { ...options, precedence: realTime(operations) });
    if (result.kind === "ok") continue;
    violations.push({ part, kind: result.kind, explanation: explain(model, operations, result) });
  }
  return violations;
}

/** Throws `NOT_LINEARIZABLE` unless an order explains the history. */
export function assertLinearizable<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
  options?: CheckOptions,
): void {
  const [first] = checkLinearizable(model, history, options);
  if (first === undefined) return;
  throw new PondError(first.kind === "undecided" ? "UNDECIDED" : "NOT_LINEARIZABLE", {
    kind: "internal",
    message: `no order explains the ${model.name} ${first.part}:\n${first.explanation}`,
    details: { part: first.part },
  });
}

/** Operations by what they are about, in order of calls. A lost answer to a read says nothing and is left out. */
function partition<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
): ReadonlyMap<string, Operation<Input, Output>[]> {
  const parts = new Map<string, Operation<Input, Output>[]>();
  for (const operation of history.toSorted((a, b) => a.call - b.call)) {
    if (operation.output === UNKNOWN && model.readOnly?.(operation.input) === true) continue;
    const part = model.partition?.(operation.input) ?? "";
    const operations = parts.get(part) ?? [];
    operations.push(operation);
    parts.set(part, operations);
  }
  return parts;
}

/**
 * An operation may come next if no other that is still to come had been answered before it was called. One of which nobody
 * knows whether it happened can be left out, so nothing waits for it; it comes before all that was called when it was over.
 */
function realTime(operations: readonly Operation<unknown, unknown>[]): Precedence {
  const answerOf = ({ output, answer }: Operation<unknown, unknown>): number =>
    output === UNKNOWN ? Number.POSITIVE_INFINITY : answer;
  return {
    next(done: DoneSet): readonly number[] {
      const lastCall = operations[done.last]?.call ?? Number.NEGATIVE_INFINITY;
      const candidates: number[] = [];
      let firstAnswer = Number.POSITIVE_INFINITY;
      for (let index = done.first; index < operations.length; index++) {
        const operation = operations[index]!;
        if (operation.call > firstAnswer) break;
        if (done.has(index) || operation.answer < lastCall) continue;
        candidates.push(index);
        firstAnswer = Math.min(firstAnswer, answerOf(operation));
      }
      // What was answered first most often happened first; what was never answered is tried last.
      const allowed = candidates.filter((index) => operations[index]!.call < firstAnswer);
      return allowed.sort((a, b) => {
        const [first, second] = [answerOf(operations[a]!), answerOf(operations[b]!)];
        return first === second ? a - b : first - second;
      });
    },
  };
}

/** Enough of the history around the place where the search got stuck. */
const BEFORE_LINES = 8;
const AFTER_LINES = 16;

function explain<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  result: SearchResult,
): string {
  const placed = new Set(result.order);
  const line = (operation: Operation<Input, Output>): string => {
    const to = operation.output === UNKNOWN ? "…" : operation.answeredMs.toFixed(3);
    const text = model.describe(operation.input, operation.output);
    return `  ${operation.calledMs.toFixed(3)}–${to} ${operation.client}: ${text}`;
  };
  const rest = operations.filter((_, index) => !placed.has(index));
  return [
    result.kind === "undecided" ? "the search was cut short after" : "the longest order ends with",
    ...result.order.slice(-BEFORE_LINES).map((index) => line(operations[index]!)),
    "and none of these can follow, or must not yet",
    ...rest.slice(0, AFTER_LINES).map(line),
    ...(rest.length > AFTER_LINES ? [`  and ${rest.length - AFTER_LINES} more`] : []),
  ].join("\n");
}
