/** What clients asked, what they were answered, and when: the only evidence the checkers look at. */
import { assert } from "@smallpond/base";
import { UNKNOWN } from "./model.ts";

/** One operation of one client. Moments count up through the whole history; no two are equal. */
export interface Operation<Input, Output> {
  readonly client: string;
  readonly input: Input;
  readonly output: Output | typeof UNKNOWN;
  readonly call: number;
  /**
   * Infinite when the answer never came: the operation may take effect at any later time, or never. With an unknown output
   * and finite: it has taken effect by then, or never will.
   */
  readonly answer: number;
  readonly calledMs: number;
  readonly answeredMs: number;
}

/** An operation that was called and has no outcome yet. */
export interface OpenOperation<Output> {
  /** It took effect, and this is what it answered. */
  answered(output: Output): void;
  /** It certainly did not take effect and never will. */
  refused(): void;
  /** Whatever became of it: from now on it does not take effect any more. */
  over(): void;
}

export class History<Input, Output> {
  readonly #nowMs: () => number;
  readonly #operations: (Operation<Input, Output> | undefined)[] = [];
  #moment = 0;

  constructor(deps: { readonly nowMs: () => number }) {
    this.#nowMs = deps.nowMs;
  }

  /** Operations that were answered. */
  get answeredCount(): number {
    return this.#operations.filter((operation) => operation !== undefined && operation.output !== UNKNOWN)
      .length;
  }

  /** Notes that a client asks for something now. Without a further word the outcome stays unknown. */
  call(client: string, input: Input): OpenOperation<Output> {
    const begun = { client, input, call: this.#moment++, calledMs: this.#nowMs() };
    const open = { output: UNKNOWN as typeof UNKNOWN, answer: Number.POSITIVE_INFINITY };
    const index = this.#operations.push({ ...begun, ...open, answeredMs: open.answer }) - 1;
    const settle = (operation: Operation<Input, Output> | undefined): void => {
      const known = this.#operations[index];
      const isOpen = known?.output === UNKNOWN && known.answer === Number.POSITIVE_INFINITY;
      assert(isOpen, "an operation has one outcome");
      this.#operations[index] = operation;
    };
    return {
      answered: (output) => settle({ ...begun, output, answer: this.#moment++, answeredMs: this.#nowMs() }),
      refused: () => settle(undefined),
      over: () => settle({ ...begun, output: UNKNOWN, answer: this.#moment++, answeredMs: this.#nowMs() }),
    };
  }

  /** In order of calls, without what was refused. */
  operations(): readonly Operation<Input, Output>[] {
    return this.#operations.filter((operation) => operation !== undefined);
  }
}
