/**
 * What one side may ask of the other: a number, a question and an answer. A service is a set of methods; both sides
 * import the same table, so that a call and its handler cannot disagree.
 */

import type { SignalOptions } from "@smallpond/base";
import type { BufferLease, LeasePart, Piece } from "@smallpond/fs-native";
import type { NodeId } from "../../ids.ts";
import type { Codec } from "../codec/index.ts";

/** Who may call: `member` knows the cluster's secret, `user` has a token (or is a member), `anyone` only connected. */
export type Access = "member" | "user" | "anyone";

export interface Method<Q, A> {
  /** Unique within the cluster: the high byte is the service's, see {@link SERVICE}. Never used again. */
  readonly id: number;
  /** For logs and metrics: `meta.lookup`. */
  readonly name: string;
  readonly question: Codec<Q>;
  readonly answer: Codec<A>;
  readonly access: Access;
  /** Whether sending it twice is harmless, so that the caller may do so when no answer came. */
  readonly repeatable: boolean;
}

/** The high byte of every method's id. */
export const SERVICE = { core: 0, metastore: 1, mgmtd: 2, meta: 3, storage: 4 } as const;

export function method<Q, A>(definition: Method<Q, A>): Method<Q, A> {
  return definition;
}

/** Who is at the other end of a connection, as far as it has been proved. */
export type Principal =
  | { readonly kind: "member"; readonly node: NodeId | undefined }
  | { readonly kind: "user"; readonly user: UserIdentity }
  | { readonly kind: "anyone" };

export interface UserIdentity {
  readonly uid: number;
  readonly gid: number;
  /** Further groups. */
  readonly groups: readonly number[];
  /** May act as any user, and administer. */
  readonly admin: boolean;
}

/** What a handler knows about a call beside its question. */
export interface CallContext {
  readonly principal: Principal;
  /** Aborts when the caller gave up, its deadline passed, or the connection or the server ends. */
  readonly signal: AbortSignal;
  /** Follows a request through all services it causes work in; 16 bytes in hex. */
  readonly traceId: string;
  /** Name of the other end, for logs. */
  readonly remote: string;
  /** Bulk bytes that came with the question, leased until the handler's promise settles; none for most methods. */
  readonly received: BufferLease | undefined;
  /** Sends bulk bytes with the answer, if the handler comes to one; else they are released only. At most once. */
  sendBack(bulk: Bulk): void;
}

/** Bulk bytes of an answer, sent from where they are; `release` is called once, when they have left or will not. */
export interface Bulk {
  readonly pieces: readonly Piece[];
  readonly release: () => void;
}

export type Handler<Q, A> = (question: Q, context: CallContext) => Promise<A>;

export interface CallOptions extends SignalOptions {
  /** The whole call, queueing included; at most the settings' maximum. It travels with the request. */
  readonly timeoutMs?: number;
  readonly traceId?: string;
  /** How often a repeatable question is sent at most; 1 for callers who would rather ask somebody else. */
  readonly attempts?: number;
  /** Bulk bytes sent beside the question, borrowed until the call settles. */
  readonly send?: readonly Piece[];
  /** Where bulk bytes of the answer go; leased until the call settles. */
  readonly into?: BufferLease | LeasePart;
  /** Told how many bulk bytes are in `into`, before the call resolves. */
  readonly onBulk?: (bytes: number) => void;
}

/**
 * Something that methods can be called on: a connection to one address that is made when needed, or the service itself
 * in the same process. The question is borrowed until the call settles.
 *
 * A call rejects with the handler's own error (a `PondError` of the same code, kind, message and details), or, when the
 * answer did not come, with `NO_ANSWER` of kind `unknown-outcome` if the question may have arrived, or of kind `retry`
 * if it certainly did not. `OVERLOADED` and `CLOSING` of kind `retry` mean that the handler was not begun. An abort
 * rejects with `signal.reason`; what the handler did is unknown.
 */
export interface Caller {
  call<Q, A>(method: Method<Q, A>, question: Q, options?: CallOptions): Promise<A>;
}
