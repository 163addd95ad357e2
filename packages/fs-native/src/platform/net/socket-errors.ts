/** Error numbers of sockets as errors of ours. */
import { getSystemErrorName } from "node:util";
import { type NetError, netError } from "@smallpond/base";

export const EAGAIN = -11;
const EPIPE = -32;
const ENOTCONN = -107;

/** `result` is a negative error number. */
export function socketErrorOf(result: number, operation: string, address: string): NetError {
  // A peer that resets before anything was sent leaves a socket that the kernel calls unconnected.
  return netError(getSystemErrorName(result === ENOTCONN ? EPIPE : result), { operation, address });
}

/** What a call of the addon or of Node's resolver threw. */
export function socketErrorFrom(error: unknown, operation: string, address: string): NetError {
  const code = (error as NodeJS.ErrnoException).code ?? "EOTHER";
  return netError(code === "EAI_AGAIN" ? "ENOTFOUND" : code, { operation, address }, { cause: error });
}
