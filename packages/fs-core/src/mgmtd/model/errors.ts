/** What the cluster manager refuses. */
import { type ErrorKind, PondError } from "@smallpond/base";

export type MgmtdErrorCode =
  /** `retry`: this one is not the primary; ask again who is. */
  | "NOT_PRIMARY"
  /** `retry`: meant for another term of the primary. */
  | "WRONG_TERM"
  /** `conflict`: an older heartbeat than the last one. `details.last` is to be exceeded. */
  | "STALE_HEARTBEAT"
  /** `invalid`: nobody registered this node, or it is of another kind. */
  | "UNKNOWN_NODE"
  /** `invalid`: a heartbeat for another node than the one that the connection is of. */
  | "WRONG_NODE"
  /** `unavailable`: an operator disabled the node. */
  | "NODE_DISABLED"
  /** `closed`: a supervisor said that this life of the node has ended. */
  | "NODE_DEAD"
  /** `invalid`: its configuration is newer than any that the cluster knows. */
  | "CONFIG_AHEAD"
  /** `conflict`: somebody else changed it meanwhile. */
  | "CONFIG_CONFLICT"
  | "UNKNOWN_CONFIG"
  | "UNKNOWN_CHAIN"
  | "UNKNOWN_TARGET"
  | "UNKNOWN_TABLE"
  /** `invalid`: the chain, the table or the placement cannot be so. */
  | "BAD_CHAIN"
  | "BAD_TABLE"
  | "BAD_NODE"
  | "BAD_PLACEMENT"
  /** `conflict`: the chain's state does not allow it now. */
  | "CHAIN_BUSY"
  /** `invalid`: it would lose data, or availability; `force` is for those who know better. */
  | "WOULD_STOP_SERVING"
  /** `invalid`: only members and administrators may. */
  | "NOT_ALLOWED"
  /** `unavailable`: a list is full. */
  | "TOO_MANY"
  /** `unavailable`: nobody could be asked, or nobody is primary. */
  | "NO_PRIMARY"
  /** `closed`. */
  | "MGMTD_CLOSED";

export type MgmtdError = PondError<MgmtdErrorCode>;

const KINDS: Partial<Record<MgmtdErrorCode, ErrorKind>> = {
  NOT_PRIMARY: "retry",
  WRONG_TERM: "retry",
  STALE_HEARTBEAT: "conflict",
  NODE_DISABLED: "unavailable",
  NODE_DEAD: "closed",
  CONFIG_CONFLICT: "conflict",
  CHAIN_BUSY: "conflict",
  TOO_MANY: "unavailable",
  NO_PRIMARY: "unavailable",
  MGMTD_CLOSED: "closed",
};

export function mgmtdError(
  code: MgmtdErrorCode,
  message: string,
  options: { readonly hint?: string; readonly details?: object; readonly cause?: unknown } = {},
): MgmtdError {
  return new PondError(code, { kind: KINDS[code] ?? "invalid", message, ...options });
}
