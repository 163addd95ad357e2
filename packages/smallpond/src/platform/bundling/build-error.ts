/** What esbuild found wrong in a script, as one error that names file, line and column and shows the line. */
import { resolve } from "node:path";
import { PondError } from "@smallpond/base";
import type { BuildFailure, Message } from "esbuild";
import type { Selves } from "./selves.ts";

export function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && Array.isArray((error as Partial<BuildFailure>).errors);
}

export function buildError(failure: BuildFailure, selves: Selves): PondError {
  const [first] = failure.errors;
  return new PondError("SCRIPT_INVALID", {
    kind: "invalid",
    message: failure.errors.map((message) => messageText(message, selves)).join("\n"),
    details: { file: first?.location?.file ?? "", line: first?.location?.line ?? 0 },
    hint: failure.errors.flatMap(({ notes }) => notes).find((note) => note.location === null)?.text,
  });
}

/** `job.ts:3:12: Expected ";"`, the line, and a mark under the place. */
function messageText({ text, location }: Message, selves: Selves): string {
  if (location === null) return text;
  const { file, line, length } = location;
  const added = line === 1 ? selves.addedTo(resolve(file)) : 0;
  const column = Math.max(0, location.column - added);
  const lineText = location.lineText.slice(added);
  const mark = `${lineText.slice(0, column).replace(/[^\t]/g, " ")}${"^".repeat(Math.max(1, length))}`;
  return `${file}:${line}:${column + 1}: ${text}\n  ${lineText}\n  ${mark}`;
}
