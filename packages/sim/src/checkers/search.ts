/**
 * The search both history checkers share: is there an order of the operations that a model allows?
 *
 * Depth-first, as Wing and Gong proposed ("Testing and verifying concurrent objects", 1993): append any operation that
 * may come next and that the model accepts, go back when stuck. With Lowe's improvement ("Testing for linearizability",
 * 2017), which Porcupine uses as well: a set of done operations together with the state they led to is never tried
 * twice. Operations with an unknown outcome may be placed anywhere after their call, or left out.
 */
import { type Model, UNKNOWN } from "./model.ts";

/** An operation to place. */
export interface Step<Input, Output> {
  readonly input: Input;
  readonly output: Output | typeof UNKNOWN;
}

/** Which operations may come next, given those done: what real time or a session's own order demands. */
export interface Precedence {
  /** Indices to try, the likeliest first. */
  next(done: DoneSet): readonly number[];
}

export type SearchResult =
  | { readonly kind: "ok"; readonly order: readonly number[] }
  /** `order` is the longest beginning that was found. */
  | { readonly kind: "impossible"; readonly order: readonly number[] }
  /** The search was cut short: nothing is known. */
  | { readonly kind: "undecided"; readonly order: readonly number[] };

export const STEPS_MAX = 2_000_000;

export function findOrder<State, Input, Output>(
  model: Model<State, Input, Output>,
  steps: readonly Step<Input, Output>[],
  options: { readonly precedence: Precedence; readonly stepsMax?: number },
): SearchResult {
  const known = steps.filter((step) => step.output !== UNKNOWN).length;
  const done = new DoneSet(steps.length);
  const tried = new Set<string>();
  const stack: Frame<State>[] = [{ state: model.init(), candidates: options.precedence.next(done), at: 0 }];
  const order: number[] = [];
  let longest: readonly number[] = [];
  let placed = 0;
  let budget = options.stepsMax ?? STEPS_MAX;

  while (placed < known) {
    const frame = stack.at(-1)!;
    const index = frame.candidates[frame.at++];
    if (index === undefined) {
      stack.pop();
      const undone = order.pop();
      if (undone === undefined) return { kind: "impossible", order: longest };
      done.remove(undone);
      if (steps[undone]!.output !== UNKNOWN) placed -= 1;
      continue;
    }
    if (budget-- === 0) return { kind: "undecided", order: longest };
    const { input, output } = steps[index]!;
    const state = model.step(frame.state, input, output);
    if (state === undefined) continue;
    done.add(index);
    const key = `${done.key()} ${model.key(state)}`;
    if (tried.has(key)) {
      done.remove(index);
      continue;
    }
    tried.add(key);
    order.push(index);
    if (output !== UNKNOWN) placed += 1;
    if (order.length > longest.length) longest = order.slice();
    stack.push({ state, candidates: options.precedence.next(done), at: 0 });
  }
  return { kind: "ok", order };
}

interface Frame<State> {
  readonly state: State;
  readonly candidates: readonly number[];
  at: number;
}

/** A set of small integers with a short text for it: the first missing one, and which are there beyond it. */
export class DoneSet {
  readonly #done: Uint8Array;
  #first = 0;
  #last = -1;

  constructor(size: number) {
    this.#done = new Uint8Array(size);
  }

  /** The smallest index that is not in the set. */
  get first(): number {
    return this.#first;
  }

  /** The greatest index that is in the set, -1 if none is. */
  get last(): number {
    return this.#last;
  }

  has(index: number): boolean {
    return this.#done[index] === 1;
  }

  add(index: number): void {
    this.#done[index] = 1;
    this.#last = Math.max(this.#last, index);
    while (this.#first < this.#done.length && this.#done[this.#first] === 1) this.#first += 1;
  }

  remove(index: number): void {
    this.#done[index] = 0;
    this.#first = Math.min(this.#first, index);
    while (this.#last >= 0 && this.#done[this.#last] === 0) this.#last -= 1;
  }

  key(): string {
    let text = `${this.#first}`;
    for (let index = this.#first; index <= this.#last; index++)
      if (this.#done[index] === 1) text += `,${index}`;
    return text;
  }
}
