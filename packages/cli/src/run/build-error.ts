/** What esbuild found wrong in a script, as one error that names file, line and column and shows the line. */
import { PondError } from "@smallpond/base";
import type { BuildFailure, Message } from "esbuild";

export function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && Array.isArray((error as Partial<BuildFailure>).errors);
}

export function buildError(failure: BuildFailure): PondError {
  const [first] = failure.errors;
  return new PondError("SCRIPT_INVALID", {
    kind: "invalid",
    message: failure.errors.map(messageText).join("\n"),
    details: { file: first?.location?.file ?? "", line: first?.location?.line ?? 0 },
    hint: first?.notes[0]?.text,
  });
}

/** `job.ts:3:12: Expected ";"`, the line, and a mark under the place. */
function messageText({ text, location }: Message): string {
  if (location === null) return text;
  const { file, line, column, lineText, length } = location;
  const mark = `${lineText.slice(0, column).replace(/[^\t]/g, " ")}${"^".repeat(Math.max(1, length))}`;
  return `${file}:${line}:${column + 1}: ${text}\n  ${lineText}\n  ${mark}`;
}
