/**
 * Serializability: is there one order of all transactions that a model of the whole store allows? `strict` demands that
 * the order agrees with real time as well; `sessions` only that each client's own transactions keep their order.
 */
import { PondError } from "@smallpond/base";
import type { Operation } from "./history.ts";
import { type CheckOptions, checkLinearizable, type Violation } from "./linearizability.ts";
import { type Model, UNKNOWN } from "./model.ts";
import { type DoneSet, findOrder, type Precedence } from "./search.ts";

export interface SerializabilityOptions extends CheckOptions {
  readonly order: "strict" | "sessions";
}

/** What no order explains; empty if the history is serializable. The model's partitions are not used. */
export function checkSerializable<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
  options: SerializabilityOptions,
): readonly Violation[] {
  const whole: Model<State, Input, Output> = {
    ...bound(model),
    partition: () => "of transactions",
  };
  if (options.order === "strict") return checkLinearizable(whole, history, options);
  const operations = history
    .filter(({ input, output }) => output !== UNKNOWN || model.readOnly?.(input) !== true)
    .toSorted((a, b) => a.answer - b.answer || a.call - b.call);
  const result = findOrder(whole, operations, { ...options, precedence: sessionOrder(operations) });
  if (result.kind === "ok") return [];
  const rest = operations.filter((_, index) => !result.order.includes(index));
  const lines = rest
    .slice(0, 16)
    .map(({ client, input, output }) => `  ${client}: ${model.describe(input, output)}`);
  const explanation = [`${result.order.length} transactions can be ordered, but not`, ...lines].join("\n");
  return [{ part: "of transactions", kind: result.kind, explanation }];
}

/** Throws `NOT_SERIALIZABLE` unless an order explains the history. */
export function assertSerializable<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
  options: SerializabilityOptions,
): void {
  const [first] = checkSerializable(model, history, options);
  if (first === undefined) return;
  throw new PondError(first.kind === "undecided" ? "UNDECIDED" : "NOT_SERIALIZABLE", {
    kind: "internal",
    message: `no order explains the ${model.name} ${first.part}:\n${first.explanation}`,
    details: { part: first.part },
  });
}

/** The next transaction of any client. One without an answer holds nobody up: it may never have happened. */
function sessionOrder(operations: readonly Operation<unknown, unknown>[]): Precedence {
  const byCall = operations
    .map((_, index) => index)
    .sort((a, b) => operations[a]!.call - operations[b]!.call);
  const before: number[][] = operations.map(() => []);
  const earlier = new Map<string, number[]>();
  for (const index of byCall) {
    const { client, answer } = operations[index]!;
    const own = earlier.get(client) ?? [];
    before[index] = own.slice(-1);
    if (answer !== Number.POSITIVE_INFINITY) earlier.set(client, [...own, index]);
  }
  return {
    next: (done: DoneSet) =>
      operations.flatMap((_, index) =>
        !done.has(index) && before[index]!.every((other) => done.has(other)) ? [index] : [],
      ),
  };
}

/** A copy of a model whose methods may be spread. */
function bound<State, Input, Output>(model: Model<State, Input, Output>): Model<State, Input, Output> {
  return {
    name: model.name,
    init: () => model.init(),
    step: (state, input, output) => model.step(state, input, output),
    key: (state) => model.key(state),
    ...(model.readOnly === undefined ? {} : { readOnly: (input: Input) => model.readOnly!(input) }),
    describe: (input, output) => model.describe(input, output),
  };
}
