/** Registers by key: read, write, and compare-and-swap. */
import { type Model, UNKNOWN } from "./model.ts";

export type RegisterInput =
  | { readonly kind: "read"; readonly key: string }
  | { readonly kind: "write"; readonly key: string; readonly value: string }
  | { readonly kind: "cas"; readonly key: string; readonly expected: string; readonly value: string };

/** A read's value; `ok` of a write; whether a compare-and-swap happened. A register nobody wrote holds "". */
export type RegisterOutput = string | boolean;

export const REGISTERS: Model<string, RegisterInput, RegisterOutput> = Object.freeze({
  name: "register",
  init: () => "",
  step(state: string, input: RegisterInput, output: RegisterOutput | typeof UNKNOWN): string | undefined {
    if (input.kind === "write") return input.value;
    if (input.kind === "read") return output === UNKNOWN || output === state ? state : undefined;
    const swapped = state === input.expected;
    if (output !== UNKNOWN && output !== swapped) return undefined;
    return swapped ? input.value : state;
  },
  key: (state: string) => state,
  partition: (input: RegisterInput) => input.key,
  readOnly: (input: RegisterInput) => input.kind === "read",
  describe(input: RegisterInput, output: RegisterOutput | typeof UNKNOWN): string {
    const answer = output === UNKNOWN ? "no answer" : JSON.stringify(output);
    if (input.kind === "read") return `read ${input.key} → ${answer}`;
    if (input.kind === "write") return `write ${input.key} = ${input.value} → ${answer}`;
    return `cas ${input.key} from ${input.expected} to ${input.value} → ${answer}`;
  },
});
