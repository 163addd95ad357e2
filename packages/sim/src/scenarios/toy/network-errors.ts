/** What a network may do to a question. */
import { isPondError } from "@smallpond/base";

/** Errors that a network is expected to have; anything else is a bug of ours. */
export function isNetworkError(error: unknown): boolean {
  return isPondError(error) && NETWORK_CODES.has(error.code);
}

const NETWORK_CODES: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ECLOSED",
  "EQUEUEFULL",
  "BAD_BYTES",
  "DEADLINE_EXCEEDED",
  "NO_ANSWER",
]);
