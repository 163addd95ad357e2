/**
 * Serializability where somebody knows the order: a store that writes its batches one after another is a witness of
 * which operation took effect when, also of those whose answers were lost. Whether that order explains all answers is
 * found in one pass, however many operations there are.
 *
 * What changed nothing (reads, and refusals) may stand anywhere among the changes, but not before one that was answered
 * before it was asked, nor after one that was asked after its answer, nor before a read that was answered before it was
 * asked. The earliest place that fits is taken for each, in order of answers: a later one would never help anybody else.
 */
import { PondError } from "@smallpond/base";
import type { Operation } from "./history.ts";
import { type Model, UNKNOWN } from "./model.ts";

export interface Witnessed<Input, Output> extends Operation<Input, Output> {
  /** Where its effect stands among those of all others; nothing if it changed nothing. No two are equal. */
  readonly place: number | undefined;
}

/** Throws `NOT_SERIALIZABLE` unless the witness's order explains every answer and agrees with real time. */
export function assertSerializableAs<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Witnessed<Input, Output>[],
): void {
  const changes = history.filter(({ place }) => place !== undefined).toSorted((a, b) => a.place! - b.place!);
  const states = replay(model, changes);
  const rest = history
    .filter(({ place, output }) => place === undefined && output !== UNKNOWN)
    .toSorted((a, b) => a.answer - b.answer);
  placeRest(model, { changes, states, rest });
}

/** The states before, between and after the changes. */
function replay<State, Input, Output>(
  model: Model<State, Input, Output>,
  changes: readonly Witnessed<Input, Output>[],
): readonly State[] {
  const states = [model.init()];
  let latestCall: Witnessed<Input, Output> | undefined;
  for (const [index, change] of changes.entries()) {
    if (latestCall !== undefined && change.answer < latestCall.call) {
      throw bad(
        model,
        "it took effect after one that was asked for later than it was answered",
        changes,
        index,
        latestCall,
      );
    }
    if (latestCall === undefined || change.call > latestCall.call) latestCall = change;
    const state = model.step(states[index]!, change.input, change.output);
    if (state === undefined)
      throw bad(model, "it cannot have been answered so at its place", changes, index, change);
    states.push(state);
  }
  return states;
}

function placeRest<State, Input, Output>(
  model: Model<State, Input, Output>,
  found: {
    readonly changes: readonly Witnessed<Input, Output>[];
    readonly states: readonly State[];
    readonly rest: readonly Witnessed<Input, Output>[];
  },
): void {
  const { changes, states, rest } = found;
  const placed: { readonly answer: number; readonly at: number }[] = [];
  for (const each of rest) {
    let least = 0;
    for (const [index, { answer }] of changes.entries()) if (answer < each.call) least = index + 1;
    for (const { answer, at } of placed) if (answer < each.call) least = Math.max(least, at);
    const later = changes.findIndex(({ call }) => call > each.answer);
    const most = later < 0 ? changes.length : later;
    let at = least;
    while (at <= most && !fitsUnchanged(model, states[at]!, each)) at += 1;
    if (at > most) {
      const why = `nowhere between changes ${least} and ${most} can it have been answered so`;
      throw bad(model, why, changes, least, each);
    }
    placed.push({ answer: each.answer, at });
  }
}

/** Whether it may have been answered so in that state, and left it as it was. */
function fitsUnchanged<State, Input, Output>(
  model: Model<State, Input, Output>,
  state: State,
  { input, output }: Witnessed<Input, Output>,
): boolean {
  const after = model.step(state, input, output);
  if (after === undefined) return false;
  return model.readOnly?.(input) === true || model.key(after) === model.key(state);
}

const BEFORE_LINES = 12;
const AFTER_LINES = 8;

function bad<State, Input, Output>(
  model: Model<State, Input, Output>,
  why: string,
  changes: readonly Witnessed<Input, Output>[],
  at: number,
  culprit: Witnessed<Input, Output>,
): PondError<"NOT_SERIALIZABLE"> {
  const line = (operation: Witnessed<Input, Output>): string => {
    const to = operation.answer === Number.POSITIVE_INFINITY ? "…" : operation.answeredMs.toFixed(3);
    const text = model.describe(operation.input, operation.output);
    return `  ${operation.calledMs.toFixed(3)}–${to} ${operation.client}: ${text}`;
  };
  const from = Math.max(0, at - BEFORE_LINES);
  const lines = changes
    .slice(from, at + AFTER_LINES)
    .map((each, index) => `${from + index === at ? ">" : " "}${line(each)}`);
  return new PondError("NOT_SERIALIZABLE", {
    kind: "internal",
    message: [
      `the order of the store does not explain the ${model.name}: ${why}:`,
      line(culprit),
      "among the changes",
      ...lines,
    ].join("\n"),
  });
}
