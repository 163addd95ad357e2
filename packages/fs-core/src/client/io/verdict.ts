/** What a client does about a refusal, and what its user is told in the end. Tables; nothing is decided elsewhere. */
import { isPondError, type PondError } from "@smallpond/base";
import { type FsErrorCode, fsError } from "../../meta/model/errors.ts";
import type { Refusal, RefusalCode } from "../../storage/protocol/refusal.ts";

/**
 * - `later`: the same again, after a pause, by the routing as it is then.
 * - `tail`: at once, from the tail.
 * - `elsewhere`: at once, from another replica.
 * - `renew`: with another capability.
 * - `final`: nothing will change.
 */
export type Next = "later" | "tail" | "elsewhere" | "renew" | "final";

interface Rule {
  readonly next: Next;
  /** The user's error, if it is final. */
  readonly code: FsErrorCode;
  /** Whether this copy of a write may still happen. */
  readonly open: boolean;
  readonly hint?: string;
}

const RULES: Readonly<Record<RefusalCode, Rule>> = {
  CHAIN_CHANGED: { next: "later", code: "ETIMEDOUT", open: false },
  NOT_READY: { next: "later", code: "ETIMEDOUT", open: false },
  CHUNK_DIRTY: { next: "tail", code: "ETIMEDOUT", open: false },
  CHUNK_CORRUPT: { next: "elsewhere", code: "EIO", open: false },
  CAPABILITY_EXPIRED: { next: "renew", code: "EACCES", open: false },
  CAPABILITY_FORGED: {
    next: "final",
    code: "EACCES",
    open: false,
    hint: "the file was opened in another cluster, or the cluster's secret was replaced: open it again",
  },
  CAPABILITY_WRONG: { next: "final", code: "EBADF", open: false },
  SESSION_REVOKED: {
    next: "final",
    code: "ESTALE",
    open: false,
    hint: "the cluster gave this client up, because nothing was heard of it for long: open the file again",
  },
  STALE_REQUEST: { next: "final", code: "ETIMEDOUT", open: false },
  STORE_FULL: {
    next: "final",
    code: "ENOSPC",
    open: false,
    hint: "remove files, or add storage",
  },
  STORE_BUSY: { next: "later", code: "ETIMEDOUT", open: false },
  PAYLOAD_CORRUPT: { next: "later", code: "EIO", open: false },
  BAD_REQUEST: { next: "final", code: "EINVAL", open: false },
  UNKNOWN_OUTCOME: { next: "later", code: "ETIMEDOUT", open: true },
};

/** A question that nobody answered, as far as items are concerned. */
export const NO_ANSWER: Refusal = {
  code: "UNKNOWN_OUTCOME",
  message: "the storage service did not answer",
  chainVersion: undefined,
};

/** Nobody serves, as far as the routing says. */
export const NOBODY: Refusal = {
  code: "NOT_READY",
  message: "no replica of the chain serves at the moment",
  chainVersion: undefined,
};

export function nextOf({ code }: Refusal): Next {
  return RULES[code].next;
}

export function isOpen({ code }: Refusal): boolean {
  return RULES[code].open;
}

/** A question that failed, as a refusal of its items; errors that say more are thrown on. */
export function refusalOf(error: unknown): Refusal {
  if (!isPondError(error)) throw error;
  const { kind, message } = error;
  const code = kind === "retry" ? "NOT_READY" : "UNKNOWN_OUTCOME";
  return { code, message, chainVersion: undefined };
}

/** The user's error. `late`: time was up. */
export function errorOf(
  refusal: Refusal,
  item: { readonly operation: "read" | "write"; readonly subject: string },
  options: { readonly late: boolean },
): PondError {
  const rule = RULES[refusal.code];
  const code = options.late ? "ETIMEDOUT" : rule.code;
  const hint = options.late ? "pond cluster status says which chains nobody serves" : rule.hint;
  const reason = options.late ? `not done in time: ${refusal.message}` : refusal.message;
  return fsError(code, item.operation, item.subject, { reason, ...(hint === undefined ? {} : { hint }) });
}
