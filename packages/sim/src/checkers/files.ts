/**
 * Files by path: reads and writes of ranges, truncation, length. Bytes are one text character each, so that states
 * compare and print well; `latin1` text of real bytes does.
 *
 * A write that crosses a chunk border is not atomic in the file system (I3): partition by chunk, giving each chunk's
 * share of the write as an operation of its own.
 */
import { assertNever } from "@smallpond/base";
import { type Model, UNKNOWN } from "./model.ts";

export type FileInput =
  | { readonly kind: "read"; readonly path: string; readonly offset: number; readonly length: number }
  | { readonly kind: "write"; readonly path: string; readonly offset: number; readonly bytes: string }
  | { readonly kind: "truncate"; readonly path: string; readonly size: number }
  | { readonly kind: "size"; readonly path: string };

/** The bytes of a read, shorter at the end of the file; the size; `true` for what only changes something. */
export type FileOutput = string | number | true;

const ZERO = "\0";

export const FILES: Model<string, FileInput, FileOutput> = Object.freeze({
  name: "file",
  init: () => "",
  step(state: string, input: FileInput, output: FileOutput | typeof UNKNOWN): string | undefined {
    switch (input.kind) {
      case "read": {
        const bytes = state.slice(input.offset, input.offset + input.length);
        return output === UNKNOWN || output === bytes ? state : undefined;
      }
      case "size":
        return output === UNKNOWN || output === state.length ? state : undefined;
      case "write":
        return (
          state.slice(0, input.offset).padEnd(input.offset, ZERO) +
          input.bytes +
          state.slice(input.offset + input.bytes.length)
        );
      case "truncate":
        return state.slice(0, input.size).padEnd(input.size, ZERO);
      default:
        return assertNever(input);
    }
  },
  key: (state: string) => state,
  partition: (input: FileInput) => input.path,
  readOnly: (input: FileInput) => input.kind === "read" || input.kind === "size",
  describe(input: FileInput, output: FileOutput | typeof UNKNOWN): string {
    const { kind, path, ...rest } = input;
    return `${kind} ${path} ${JSON.stringify(rest)} → ${output === UNKNOWN ? "no answer" : JSON.stringify(output)}`;
  },
});
