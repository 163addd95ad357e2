/** Another process that owns the store: its snapshots, and one try to commit there. */
import { type Clock, isPondError } from "@smallpond/base";
import { encode } from "../../wire/codec/index.ts";
import type { Caller } from "../../wire/index.ts";
import type { CommitRequest, SnapshotPoint } from "../engine/backend.ts";
import { metastoreError } from "../errors.ts";
import type { CommitOutcome } from "../transaction.ts";
import {
  type CommitBody,
  commitBody,
  INLINE_BYTES_MAX,
  type RangeAnswer,
  type RangeQuestion,
  RELEASED_MAX,
  type ReadAnswer,
  type ReadQuestion,
} from "./messages.ts";
import { METASTORE_COMMIT, METASTORE_RANGE, METASTORE_READ } from "./methods.ts";
import type { SnapshotHolder } from "./remote-snapshot.ts";

export interface RemoteOwnerDeps {
  readonly caller: Caller;
  readonly clock: Clock;
  /** The owner does not answer, or says that it is none. */
  readonly onTrouble: () => void;
}

export class RemoteOwner implements SnapshotHolder {
  readonly #deps: RemoteOwnerDeps;
  readonly #callMs: number;
  /** Told with the next read; what is never told is too old after five seconds. */
  #released: SnapshotPoint[] = [];

  constructor(deps: RemoteOwnerDeps, settings: { readonly callMs: number }) {
    this.#deps = deps;
    this.#callMs = settings.callMs;
  }

  async read(question: Omit<ReadQuestion, "released">): Promise<ReadAnswer> {
    const released = this.#takeReleased();
    return await this.#call(() =>
      this.#deps.caller.call(METASTORE_READ, { released, ...question }, { timeoutMs: this.#callMs }),
    );
  }

  async range(question: Omit<RangeQuestion, "released">): Promise<RangeAnswer> {
    const released = this.#takeReleased();
    return await this.#call(() =>
      this.#deps.caller.call(METASTORE_RANGE, { released, ...question }, { timeoutMs: this.#callMs }),
    );
  }

  giveBack(point: SnapshotPoint): void {
    if (this.#released.length < RELEASED_MAX) this.#released.push(point);
  }

  /** Rejects as the caller does: no answer is told apart from an answer. */
  async commit(request: CommitRequest & Pick<CommitBody, "id" | "resent">): Promise<CommitOutcome> {
    const body = encode(commitBody, { ...request, readPoints: [...request.readPoints] });
    const options = { timeoutMs: this.#callMs, attempts: 1 };
    if (body.length <= INLINE_BYTES_MAX) return await this.#deps.caller.call(METASTORE_COMMIT, body, options);
    return await this.#deps.caller.call(METASTORE_COMMIT, new Uint8Array(), { ...options, send: [body] });
  }

  #takeReleased(): readonly SnapshotPoint[] {
    const released = this.#released;
    this.#released = [];
    return released;
  }

  /** A read that failed for lack of an owner is for a new transaction to try again. */
  async #call<A>(call: () => Promise<A>): Promise<A> {
    try {
      return await call();
    } catch (error) {
      if (isPondError(error, "NOT_OWNER")) this.#deps.onTrouble();
      if (!isPondError(error) || !NOBODY_THERE.has(error.code)) throw error;
      this.#deps.onTrouble();
      throw metastoreError("NOT_OWNER", "the metastore's owner does not answer", { cause: error });
    }
  }
}

const NOBODY_THERE: ReadonlySet<string> = new Set(["NO_ANSWER", "OVERLOADED", "CLOSING", "CLIENT_CLOSED"]);
