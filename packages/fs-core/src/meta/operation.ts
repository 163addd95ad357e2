/**
 * How an operation on metadata is written: one a file, a {@link Method} that both sides of the wire import, and `run`,
 * which reads and writes one transaction and is otherwise a function of its question. The runner gives it a fresh
 * transaction as often as commits conflict, so `run` has no other effect than the transaction's.
 */
import type { SignalOptions } from "@smallpond/base";
import { type ClientId, clientIdCodec, type RequestId, requestIdCodec } from "../ids.ts";
import type { Transaction } from "../metastore/transaction.ts";
import { bool, type Codec, list, optional, struct, u32 } from "../wire/codec/index.ts";
import { type Method, method, SERVICE, type UserIdentity } from "../wire/rpc/method.ts";

/** As whom a question is asked, when the connection may speak for others: a mount, an admin, another service. */
export interface Actor {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/** What every question carries. */
export interface QuestionHeader {
  /** Missing: whoever the connection's token belongs to. */
  readonly as: Actor | undefined;
}

/** What every mutation carries besides: sent again, it is the same request and gets the same answer (I8). */
export interface MutationHeader extends QuestionHeader {
  readonly client: ClientId;
  readonly request: RequestId;
}

export interface OperationContext<D> extends SignalOptions {
  /** Of this try; the runner commits it. */
  readonly transaction: Transaction;
  /** As whom the operation is done. */
  readonly user: UserIdentity;
  /** One for each try, by the service's wall clock: the times that the operation writes. */
  readonly nowNs: bigint;
  readonly deps: D;
}

/**
 * An operation of one transaction. `D` are the components it needs; the service has one object that satisfies them all.
 *
 * Errors are thrown as `FsError`. A mutation's are remembered like answers, so that a late copy of the request does not
 * do what the client was told has failed; nothing that `run` wrote before it threw is committed.
 */
export interface Operation<Q extends QuestionHeader, A, D = unknown> {
  readonly method: Method<Q, A>;
  /** Changes something: the question is a {@link MutationHeader}, and its answer is remembered. */
  readonly mutates: boolean;
  /** Takes away more than it writes: it is done, from what the store keeps back, also when the store is full. */
  readonly frees?: boolean;
  /** Refuses what can never be right, before anything is read; synchronous, its errors are not remembered. */
  readonly check?: (question: Q) => void;
  readonly run: (context: OperationContext<D>, question: Q) => Promise<A>;
}

/** An operation in a list of many: whatever it asks and answers, its own codecs fit it. */
export interface AnyOperation<D> {
  readonly method: Method<QuestionHeader, unknown>;
  readonly mutates: boolean;
  readonly frees?: boolean;
  // Written as methods, which take a question of any kind: the one that the codec has read.
  check?(question: QuestionHeader): void;
  run(context: OperationContext<D>, question: QuestionHeader): Promise<unknown>;
}

/** An operation that only reads. */
export function query<Q extends QuestionHeader, A, D>(
  definition: Omit<Operation<Q, A, D>, "mutates">,
): Operation<Q, A, D> {
  return { ...definition, mutates: false };
}

/** An operation that changes something. */
export function mutation<Q extends MutationHeader, A, D>(
  definition: Omit<Operation<Q, A, D>, "mutates">,
): Operation<Q, A, D> {
  return { ...definition, mutates: true };
}

/**
 * A method of the metadata service. Numbers: namespace 1 to 95, sessions, locks, users and administration from 96 on,
 * at most 255. Mutations are remembered, so all are repeatable.
 */
export function metaMethod<Q extends QuestionHeader, A>(
  definition: Pick<Method<Q, A>, "name" | "question" | "answer"> & { readonly number: number },
): Method<Q, A> {
  const { number, name, question, answer } = definition;
  return method({
    id: (SERVICE.meta << 8) | number,
    name: `meta.${name}`,
    question,
    answer,
    access: "user",
    repeatable: true,
  });
}

/** Groups of one user, as many as Linux has. */
const GROUPS_MAX = 65_536;

const actorFields = { uid: u32, gid: u32, groups: list(u32, GROUPS_MAX) } as const;

export const actorCodec: Codec<Actor> = struct(actorFields);
export const userIdentityCodec: Codec<UserIdentity> = struct({ ...actorFields, admin: bool });

/** Fields of every question's codec: `struct({ ...questionFields, … })`. */
export const questionFields: { readonly as: Codec<Actor | undefined> } = { as: optional(actorCodec) };

/** Fields of every mutation's codec. */
export const mutationFields: {
  readonly as: Codec<Actor | undefined>;
  readonly client: Codec<ClientId>;
  readonly request: Codec<RequestId>;
} = { ...questionFields, client: clientIdCodec, request: requestIdCodec };
