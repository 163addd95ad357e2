/** Runs operations: as whom, in a transaction, once for each request however often it is sent (I8). */
import { assert, type Clock, isPondError, type SignalOptions } from "@smallpond/base";
import type { ClientId, RequestId } from "../ids.ts";
import type { Metastore, ReadTransaction, Transaction, TransactOptions } from "../metastore/transaction.ts";
import { decode, encode } from "../wire/codec/index.ts";
import type { Method, Principal, UserIdentity } from "../wire/rpc/method.ts";
import { actingUser } from "./access/acting-user.ts";
import { fsError, fsErrorFrom, isFsError } from "./model/errors.ts";
import type { MutationHeader, Operation, QuestionHeader } from "./operation.ts";
import { counterRow } from "./rows/inode-row.ts";
import { requestKey, requestKeys, requestSlotKey, revokedClientKey } from "./rows/keys.ts";
import { type RequestRecord, requestRow } from "./rows/request-row.ts";

export interface RunnerDeps<D> {
  readonly metastore: Metastore;
  readonly clock: Pick<Clock, "wallMs">;
  /** Given to the operations. */
  readonly operations: D;
}

export interface RunOptions extends SignalOptions {
  /** Who asks, as far as the connection has proved it. */
  readonly principal: Principal;
}

export class OperationRunner<D> {
  readonly #deps: RunnerDeps<D>;
  /** As last read; a guess that saves a step. */
  #slot = 0;

  constructor(deps: RunnerDeps<D>) {
    this.#deps = deps;
  }

  /**
   * The operation's answer, once it is durable. After an abort a mutation may have happened or not; sending the same
   * request again finds out.
   */
  async run<Q extends QuestionHeader, A>(
    operation: Operation<Q, A, D>,
    question: Q,
    options: RunOptions,
  ): Promise<A> {
    operation.check?.(question);
    const user = actingUser(options.principal, question.as, operation.method.name);
    const asked = { operation, question, user, signal: options.signal };
    if (!operation.mutates) return this.#transact(asked);
    const { client, request } = question as Q & MutationHeader;
    assert(
      client !== undefined && request !== undefined,
      `${operation.method.name} needs a request's identity`,
    );
    try {
      return await this.#mutate(asked, { client, request });
    } catch (error) {
      if (isPondError(error, "STORE_FULL")) throw storeFull(operation.method.name, error);
      throw error;
    }
  }

  async #mutate<Q extends QuestionHeader, A>(asked: Asked<Q, A, D>, id: RequestIdentity): Promise<A> {
    const { method } = asked.operation;
    try {
      return await this.#transact(asked, id);
    } catch (error) {
      if (error instanceof Replay) return answerOf(method, error.record);
      if (!isFsError(error) || error.kind === "retry") throw error;
      const { code, message, details } = error;
      const record = await this.#remember(id, { kind: "error", code, message, ...details }, asked);
      if (record === undefined) throw error;
      return answerOf(method, record);
    }
  }

  #transact<Q extends QuestionHeader, A>(
    { operation, question, user, signal }: Asked<Q, A, D>,
    id?: RequestIdentity,
  ): Promise<A> {
    const { metastore, clock, operations } = this.#deps;
    return metastore.transact(
      async (transaction) => {
        const nowMs = clock.wallMs();
        const nowNs = BigInt(Math.floor(nowMs * 1000)) * 1000n;
        const context = { transaction, user, nowNs, deps: operations, signal };
        if (id === undefined) return operation.run(context, question);
        // The record is read beside the operation's own first reads: hardly ever is there one.
        const [found, outcome] = await Promise.allSettled([
          this.#find(transaction, id),
          operation.run(context, question),
        ]);
        if (found.status === "rejected") throw found.reason;
        const { record, slot, isBarred } = found.value;
        if (record !== undefined) throw new Replay(record);
        if (isBarred) throw barred(id.client, operation.method.name);
        if (outcome.status === "rejected") throw outcome.reason;
        const bytes = encode(operation.method.answer, outcome.value);
        setRecord(transaction, id, slot, { kind: "answer", bytes });
        return outcome.value;
      },
      { ...transactOptions(operation), signal },
    );
  }

  /** Keeps an error as the request's answer; if a copy of the request was faster, what that was answered. */
  #remember(
    id: RequestIdentity,
    record: RequestRecord,
    { operation, signal }: SignalOptions & { readonly operation: Pick<Operation<never, never>, "frees"> },
  ): Promise<RequestRecord | undefined> {
    return this.#deps.metastore.transact(
      async (transaction) => {
        const found = await this.#find(transaction, id);
        if (found.record === undefined) setRecord(transaction, id, found.slot, record);
        return found.record;
      },
      { ...transactOptions(operation), signal },
    );
  }

  /**
   * All with conflicts: of two copies at two services, one finds the other's record or its commit fails, also when the
   * slot changes between them. And a client that is given up at this moment has either done this before, or not at all.
   */
  async #find(transaction: ReadTransaction, { client, request }: RequestIdentity): Promise<Found> {
    for (;;) {
      const slot = this.#slot;
      const slots = slot === 0 ? [slot] : [slot, slot - 1];
      const [given, current, ...rows] = await transaction.getMany([
        revokedClientKey(client),
        requestSlotKey(),
        ...requestKeys(slots, client, request),
      ]);
      this.#slot = current === undefined ? 0 : Number(decode(counterRow, current));
      if (this.#slot !== slot) continue;
      const row = rows.find((each) => each !== undefined);
      const record = row === undefined ? undefined : decode(requestRow, row);
      return { record, slot, isBarred: given !== undefined };
    }
  }
}

function transactOptions({ frees = false }: Pick<Operation<never, never>, "frees">): TransactOptions {
  return { repeatable: true, reserve: frees };
}

function barred(client: ClientId, name: string): Error {
  return fsError("ESTALE", name.replace("meta.", ""), `client ${client}`, {
    reason: "the client was silent for too long, and its sessions and locks were taken away",
    hint: "connect again, and open files again",
  });
}

/** Nothing was done; it is not remembered either, as nothing can be. */
function storeFull(name: string, cause: unknown): Error {
  return fsError("ENOSPC", name.replace("meta.", ""), "", {
    reason: "the metadata store is full",
    hint: "free space on its disk, or remove what is not needed once there is some",
    cause,
  });
}

interface Asked<Q extends QuestionHeader, A, D> extends SignalOptions {
  readonly operation: Operation<Q, A, D>;
  readonly question: Q;
  readonly user: UserIdentity;
}

interface RequestIdentity {
  readonly client: ClientId;
  readonly request: RequestId;
}

/** Leaves a transaction without a commit: the request was answered before. */
class Replay extends Error {
  readonly record: RequestRecord;

  constructor(record: RequestRecord) {
    super("the request was answered before");
    this.record = record;
  }
}

interface Found {
  /** In which slot it would be remembered now. */
  readonly slot: number;
  readonly record: RequestRecord | undefined;
  /** The client was given up: what it could do may be others' right by now. */
  readonly isBarred: boolean;
}

function setRecord(
  transaction: Transaction,
  { client, request }: RequestIdentity,
  slot: number,
  record: RequestRecord,
): void {
  transaction.set(requestKey(slot, client, request), encode(requestRow, record));
}

function answerOf<Q, A>({ answer }: Method<Q, A>, record: RequestRecord): A {
  if (record.kind === "error") throw fsErrorFrom(record);
  return decode(answer, record.bytes);
}
