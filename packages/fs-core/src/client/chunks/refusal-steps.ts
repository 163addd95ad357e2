/** What a client does about each refusal. */
import type { PondError } from "@smallpond/base";
import { PondError as Pond } from "@smallpond/base";
import { fsError } from "../../meta/model/errors.ts";
import type { Refusal, RefusalCode } from "../../storage/protocol/refusal.ts";

export type RefusalStep =
  /** Wait for news of the routing. */
  | "routing"
  /** Another replica, or later. */
  | "elsewhere"
  | "tail"
  /** Another replica; if it is all of them, the bytes are lost. */
  | "damaged"
  | "later"
  /** Later, and until then nobody knows whether it was done. */
  | "unknown"
  /** Send the bytes again. */
  | "resend"
  | "renew"
  | "final";

const STEPS: Readonly<Record<RefusalCode, RefusalStep>> = {
  CHAIN_CHANGED: "routing",
  NOT_READY: "elsewhere",
  CHUNK_DIRTY: "tail",
  CHUNK_CORRUPT: "damaged",
  CAPABILITY_FORGED: "final",
  CAPABILITY_EXPIRED: "renew",
  CAPABILITY_WRONG: "final",
  SESSION_REVOKED: "final",
  STALE_REQUEST: "final",
  STORE_FULL: "final",
  STORE_BUSY: "elsewhere",
  PAYLOAD_CORRUPT: "resend",
  BAD_REQUEST: "final",
  UNKNOWN_OUTCOME: "unknown",
};

export function stepAfter(code: RefusalCode): RefusalStep {
  return STEPS[code];
}

/** What the caller is told of a refusal that no repetition helps against. */
export function errorOf(operation: string, subject: string, { code, message }: Refusal): PondError {
  switch (code) {
    case "CAPABILITY_FORGED":
      return fsError("EACCES", operation, subject, {
        reason: message,
        hint: "open the file again; if that does not help, the services have different secrets",
      });
    case "CAPABILITY_WRONG":
      return fsError("EBADF", operation, subject, {
        reason: message,
        hint: "open the file again: its data was replaced, or it was opened for something else",
      });
    case "SESSION_REVOKED":
      return fsError("ESTALE", operation, subject, {
        reason: `its session was taken away: ${message}`,
        hint: "open the file again: this client was silent for so long that it was taken for gone",
      });
    case "STORE_FULL":
      return fsError("ENOSPC", operation, subject, {
        reason: message,
        hint: "remove files, or add targets; a full target does not take from others",
      });
    case "BAD_REQUEST":
      return fsError("EINVAL", operation, subject, { reason: message });
    default:
      return new Pond(code, {
        kind: "internal",
        message: `${operation} ${subject}: storage refused with ${code}: ${message}`,
        hint: "this is a bug of the client or of the storage service",
      });
  }
}
