/** What a thing does when one operation after another is applied to it: the yardstick of the checkers. */

/** Stands for an output nobody saw: the answer was lost, and the operation may or may not have happened. */
export const UNKNOWN: unique symbol = Symbol("unknown outcome");

export interface Model<State, Input, Output> {
  readonly name: string;
  init(): State;
  /**
   * The state after the operation, or nothing if it could not have answered `output` in `state`. States are values:
   * `step` changes none. An {@link UNKNOWN} output fits whatever the operation would have answered.
   */
  step(state: State, input: Input, output: Output | typeof UNKNOWN): State | undefined;
  /** A text that is equal for equal states. */
  key(state: State): string;
  /** Which of several independent things the operation is about; the whole history if missing. */
  partition?(input: Input): string;
  /** Whether the operation changes nothing, so that a lost answer to it says nothing. */
  readOnly?(input: Input): boolean;
  describe(input: Input, output: Output | typeof UNKNOWN): string;
}
