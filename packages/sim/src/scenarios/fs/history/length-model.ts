/** The length of one file: it is where the furthest byte ends that was written since the last truncation (I3). */
import { assertNever } from "@smallpond/base";
import { type Model, UNKNOWN } from "../../../checkers/model.ts";

export type LengthInput =
  | { readonly kind: "look"; readonly file: string }
  /** A chunk's share of a write that ends here. */
  | { readonly kind: "reach"; readonly file: string; readonly end: number }
  | { readonly kind: "set"; readonly file: string; readonly length: number };

export type LengthOutput = number | true;

export const LENGTHS: Model<number, LengthInput, LengthOutput> = Object.freeze({
  name: "length of",
  init: () => 0,
  step(state: number, input: LengthInput, output: LengthOutput | typeof UNKNOWN): number | undefined {
    switch (input.kind) {
      case "look":
        return output === UNKNOWN || output === state ? state : undefined;
      case "reach":
        return Math.max(state, input.end);
      case "set":
        return input.length;
      default:
        return assertNever(input);
    }
  },
  key: (state: number) => `${state}`,
  partition: (input: LengthInput) => input.file,
  readOnly: (input: LengthInput) => input.kind === "look",
  describe(input: LengthInput, output: LengthOutput | typeof UNKNOWN): string {
    const answer = output === UNKNOWN ? " → no answer" : "";
    if (input.kind === "reach") return `a write reaches ${input.end}${answer}`;
    if (input.kind === "set") return `truncated to ${input.length}${answer}`;
    return `its length → ${String(output)}`;
  },
});
