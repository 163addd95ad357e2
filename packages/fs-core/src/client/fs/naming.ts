/** Errors that name what the caller named: metadata knows the last name of a path only, or an inode. */
import { PondError } from "@smallpond/base";
import { type FsErrorDetails, fsError, isFsError } from "../../meta/model/errors.ts";

/** The work's outcome; the file system's errors say `operation` and `path`. Others are thrown as they are. */
export async function about<T>(operation: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw named(error, operation, path);
  }
}

export function named(error: unknown, operation: string, path: string): unknown {
  if (!isFsError(error)) return error;
  const { code, kind, message, details, hint, cause } = error as PondError<string, FsErrorDetails>;
  if (details.operation === operation && details.subject === path) return error;
  const before = `${code}: ${details.operation} ${JSON.stringify(details.subject)}: `;
  const reason = message.startsWith(before) ? message.slice(before.length) : message;
  const { message: text, details: about } = fsError(code as never, operation, String(path), { reason });
  return new PondError(code, { kind, message: text, details: about, hint, cause: cause ?? error });
}
