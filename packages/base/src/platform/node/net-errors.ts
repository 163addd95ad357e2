/** Turns Node's socket errors into `NetError`s. */
import { type NetError, type NetErrorDetails, netError } from "../../net.ts";

export function toNetError(error: unknown, details: NetErrorDetails): NetError {
  const code = (error as NodeJS.ErrnoException).code ?? "EOTHER";
  return netError(NODE_CODES[code] ?? code, details, { cause: error });
}

/** Node's own names for what happens to a socket that was closed under a call. */
const NODE_CODES: Readonly<Record<string, string>> = {
  ERR_STREAM_DESTROYED: "ECLOSED",
  ERR_STREAM_WRITE_AFTER_END: "ECLOSED",
  ERR_STREAM_ALREADY_FINISHED: "ECLOSED",
  ERR_STREAM_PREMATURE_CLOSE: "ECONNRESET",
  EAI_AGAIN: "ENOTFOUND",
};
