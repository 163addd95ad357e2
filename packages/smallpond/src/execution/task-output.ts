/** What a process printed while a task ran, kept beside the task's error for the report. */

const outputs = new WeakMap<object, string>();

/** Remembers the text with the error, which is returned. */
export function withOutput(error: unknown, text: string): unknown {
  if (typeof error === "object" && error !== null && text !== "") outputs.set(error, text);
  return error;
}

export function outputOf(error: unknown): string {
  return (typeof error === "object" && error !== null && outputs.get(error)) || "";
}
