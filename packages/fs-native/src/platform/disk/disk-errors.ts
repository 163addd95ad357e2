/** Error numbers of the kernel as errors of ours. */
import { getSystemErrorName } from "node:util";
import { type DiskError, diskError } from "@smallpond/base";

/** `result` is a negative error number. */
export function diskErrorOf(result: number, operation: string, path: string): DiskError {
  return diskError(getSystemErrorName(result), { operation, path });
}

/** What a call of Node's or of an addon threw. */
export function diskErrorFrom(error: unknown, operation: string, path: string): DiskError {
  return diskError((error as NodeJS.ErrnoException).code ?? "EOTHER", { operation, path }, { cause: error });
}
