/** An error as the command line prints it: message and hint; the stack only for those who ask. */
import { formatError, isPondError, PondError } from "@smallpond/base";

export interface ErrorOptions {
  readonly verbose: boolean;
}

export function errorText(error: unknown, options: ErrorOptions): string {
  const text = formatError(withoutEcho(error));
  const stack = options.verbose && error instanceof Error ? error.stack : undefined;
  return stack === undefined ? text : `${text}\n\n${stack}`;
}

/** Whether the user asked for stacks, by option or variable. */
export function isVerbose(options: { readonly verbose?: boolean | undefined }): boolean {
  return options.verbose === true || (process.env.POND_DEBUG ?? "") !== "";
}

/** An error without causes that say the same again: each layer of the engine keeps the one below as its cause. */
function withoutEcho(error: unknown): unknown {
  if (!isPondError(error) || !(error.cause instanceof Error)) return error;
  const cause = withoutEcho(error.cause) as Error;
  const [said = ""] = cause.message.split("\n");
  const { code, kind, message, details, hint } = error;
  const rest = message.includes(said) ? cause.cause : cause;
  return new PondError(code, {
    kind,
    message,
    details,
    hint,
    ...(rest === undefined ? {} : { cause: rest }),
  });
}
