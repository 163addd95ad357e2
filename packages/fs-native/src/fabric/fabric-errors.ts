/** What can go wrong with a fabric, and how it is told. */
import { type ErrorKind, PondError } from "@smallpond/base";

/**
 * `ECONNRESET`: the connection broke while the operation was under way. `ETIMEDOUT`: the peer was never reached.
 * `EPROVIDER`: the provider lost count of its operations, and the endpoint closed itself. `ENOFABRIC`: there is no such
 * provider here.
 */
export type FabricErrorCode =
  | "ECONNRESET"
  | "ETIMEDOUT"
  | "ECLOSED"
  | "EQUEUEFULL"
  | "EMSGSIZE"
  | "EINVAL"
  | "ENOMEM"
  | "EPROVIDER"
  | "ENOFABRIC"
  | "EOTHER";

export interface FabricErrorDetails {
  /** The method that failed. */
  readonly operation: string;
  readonly provider: string;
  /** Who or what it was about. */
  readonly subject: string;
}

export type FabricError = PondError<FabricErrorCode, FabricErrorDetails>;

const KINDS: Readonly<Record<FabricErrorCode, ErrorKind>> = {
  ECONNRESET: "unknown-outcome",
  ETIMEDOUT: "unavailable",
  ECLOSED: "closed",
  EQUEUEFULL: "retry",
  EMSGSIZE: "invalid",
  EINVAL: "invalid",
  ENOMEM: "unavailable",
  EPROVIDER: "unavailable",
  ENOFABRIC: "unavailable",
  EOTHER: "internal",
};

const PHRASES: Partial<Record<FabricErrorCode, string>> = {
  ECONNRESET: "the connection broke",
  ETIMEDOUT: "it could not be reached",
  ECLOSED: "the endpoint was closed",
  EQUEUEFULL: "too many are waiting",
  EMSGSIZE: "it is too long",
  EPROVIDER: "the provider lost count of its operations, and the endpoint was closed",
};

const HINTS: Partial<Record<FabricErrorCode, string>> = {
  EPROVIDER: "open a new endpoint; libfabric before 1.18 does this when a read is aborted halfway",
};

export function fabricError(
  code: FabricErrorCode,
  details: FabricErrorDetails,
  { reason, cause }: { readonly reason?: string; readonly cause?: unknown } = {},
): FabricError {
  const { operation, provider, subject } = details;
  return new PondError(code, {
    kind: KINDS[code],
    message: `cannot ${operation} ${subject} over ${provider}: ${reason ?? PHRASES[code] ?? code}`,
    details,
    hint: HINTS[code],
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Error numbers of Linux and of libfabric that operations end with, negated. */
export const EAGAIN = -11;
const CODES: ReadonlyMap<number, FabricErrorCode> = new Map([
  [-12, "ENOMEM"],
  [-22, "EINVAL"],
  [-90, "EMSGSIZE"],
  [-265, "EMSGSIZE"],
  [-5, "ECONNRESET"],
  [-32, "ECONNRESET"],
  [-103, "ECONNRESET"],
  [-104, "ECONNRESET"],
  [-107, "ECONNRESET"],
  [-108, "ECONNRESET"],
  [-110, "ECONNRESET"],
  [-111, "ECONNRESET"],
  [-113, "ECONNRESET"],
  // What a provider calls the operations of a connection that it closed.
  [-125, "ECONNRESET"],
]);

export function codeOf(result: number): FabricErrorCode {
  return CODES.get(result) ?? "EOTHER";
}
