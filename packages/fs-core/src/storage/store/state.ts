/**
 * What the store knows, and how each record of the journal changes it: the same code when a record has just become durable
 * and when it is read back after a crash.
 */
import { assert, assertNever } from "@smallpond/base";
import type { ChunkIndex } from "../index/chunk-index.ts";
import type { RecordOf, StoreRecord } from "../journal/records.ts";
import { type ChunkKey, type CommittedChunk, type FileData, NO_BLOCK } from "../model/chunk.ts";
import { pagesOf } from "../model/pages.ts";
import type { SumTable } from "../sums/sum-table.ts";
import type { DedupeTable } from "./dedupe-table.ts";
import { ownBlockOf, type Pending, type PendingTable } from "./pending-table.ts";
import type { RedoTable } from "./redo-table.ts";
import type { RevokedTable } from "./revoked-table.ts";
import type { TruncatedTable } from "./truncated-table.ts";

export interface StateDeps {
  readonly index: ChunkIndex;
  readonly pendings: PendingTable;
  readonly redo: RedoTable;
  readonly dedupe: DedupeTable;
  readonly revoked: RevokedTable;
  readonly truncated: TruncatedTable;
  readonly sums: SumTable;
  /** A chunk less has the block, from that batch of the journal on. */
  readonly released: (block: number, batch: bigint) => void;
}

export class StoreState {
  readonly index: ChunkIndex;
  readonly pendings: PendingTable;
  readonly redo: RedoTable;
  readonly dedupe: DedupeTable;
  readonly revoked: RevokedTable;
  readonly truncated: TruncatedTable;
  readonly sums: SumTable;
  readonly #released: (block: number, batch: bigint) => void;

  constructor(deps: StateDeps) {
    this.index = deps.index;
    this.pendings = deps.pendings;
    this.redo = deps.redo;
    this.dedupe = deps.dedupe;
    this.revoked = deps.revoked;
    this.truncated = deps.truncated;
    this.sums = deps.sums;
    this.#released = deps.released;
  }

  apply(record: StoreRecord, batch: bigint): void {
    switch (record.kind) {
      case "prepare-block":
      case "prepare-patch":
      case "prepare-remove":
        this.#prepare(record, batch);
        break;
      case "commit":
        this.#commit(record, batch);
        break;
      case "put":
        this.#put(record, batch);
        break;
      case "move":
        this.#move(record, batch);
        break;
      case "discard":
        this.#dropPending(record.key, batch);
        break;
      case "remove-many":
        this.#removeMany(record, batch);
        break;
      case "remember":
        this.dedupe.set(record);
        break;
      case "forget-session":
        this.dedupe.forget(record.session);
        break;
      case "revoke":
        this.#revoke(record);
        break;
      case "truncated":
        this.truncated.set(record);
        break;
      case "reset-notes":
        this.dedupe.clear();
        this.revoked.clear();
        this.truncated.clear();
        break;
      case "redo":
        this.redo.add(record.key, { ...record, batch });
        break;
      default:
        assertNever(record);
    }
  }

  #prepare(record: RecordOf<"prepare-block" | "prepare-patch" | "prepare-remove">, batch: bigint): void {
    this.#dropPending(record.key, batch);
    if (record.dedupe !== undefined) this.dedupe.set(record.dedupe);
    if (record.kind === "prepare-block" && record.replaces) this.#removeCommitted(record.key, batch);
    this.pendings.set(pendingOf(record));
  }

  #commit(record: RecordOf<"commit">, batch: bigint): void {
    const { key, version, chainVersion } = record;
    const pending = this.pendings.get(key);
    assert(pending?.version === version, `version ${version} is pending before it is committed`);
    this.pendings.delete(key);
    if (pending.kind === "remove") {
      this.#removeCommitted(key, batch);
      this.#forgetIfGone(key);
      return;
    }
    const { length, crc, block } = pending;
    this.#replaceCommitted(key, { version, chainVersion, length, crc, block }, batch);
    if (pending.kind === "block") {
      this.redo.drop(key);
      if (block !== NO_BLOCK) this.sums.set(block, pending.sums);
      return;
    }
    if (block === NO_BLOCK) return;
    this.sums.patch(block, pending.firstPage, pending.sums);
    this.redo.add(key, { block, images: pending.images, batch });
    this.redo.cut(key, pagesOf(length));
  }

  #put(record: RecordOf<"put">, batch: bigint): void {
    const { key, version, chainVersion, length, crc, block, sums } = record;
    this.#dropPending(key, batch);
    this.#replaceCommitted(key, { version, chainVersion, length, crc, block }, batch);
    this.redo.drop(key);
    if (block !== NO_BLOCK) this.sums.set(block, sums);
  }

  #move(record: RecordOf<"move">, batch: bigint): void {
    const { key, version, block, sums } = record;
    const committed = this.index.get(key);
    // A checkpoint that saw more may know of another version already, which has its own block.
    if (committed?.version !== version) return;
    this.#replaceCommitted(key, { ...committed, block }, batch);
    this.redo.drop(key);
    this.sums.set(block, sums);
  }

  #removeMany({ file, chunks }: RecordOf<"remove-many">, batch: bigint): void {
    for (const chunk of chunks) {
      const key = { ...file, chunk };
      this.#dropPending(key, batch);
      this.#removeCommitted(key, batch);
    }
    this.#forgetIfGone(file);
  }

  #revoke({ sessions, untilMs }: RecordOf<"revoke">): void {
    for (const session of sessions) {
      this.revoked.set({ session, untilMs });
      this.dedupe.forget(session);
    }
  }

  /** Nothing is truncated any more of a file without chunks: chunks are removed when nobody refers to it. */
  #forgetIfGone(file: FileData): void {
    if (this.truncated.get(file) === undefined || this.index.lastOf(file) !== undefined) return;
    if (this.pendings.ofFile(file).length === 0) this.truncated.forget(file);
  }

  /** What is current is another version; the block it had goes, unless it is the same. */
  #replaceCommitted(key: ChunkKey, next: CommittedChunk, batch: bigint): void {
    const before = this.index.get(key);
    this.index.put(key, next);
    if (before === undefined || before.block === next.block) return;
    this.redo.drop(key);
    this.#release(before.block, batch);
  }

  #removeCommitted(key: ChunkKey, batch: bigint): void {
    const before = this.index.get(key);
    this.redo.drop(key);
    if (before === undefined) return;
    this.index.delete(key);
    this.#release(before.block, batch);
  }

  #dropPending(key: ChunkKey, batch: bigint): void {
    const pending = this.pendings.get(key);
    if (pending === undefined) return;
    this.pendings.delete(key);
    const block = ownBlockOf(pending);
    if (block !== undefined) this.#release(block, batch);
  }

  #release(block: number, batch: bigint): void {
    if (block === NO_BLOCK) return;
    this.sums.drop(block);
    this.#released(block, batch);
  }
}

function pendingOf(record: RecordOf<"prepare-block" | "prepare-patch" | "prepare-remove">): Pending {
  switch (record.kind) {
    case "prepare-block":
      return { ...record, kind: "block" };
    case "prepare-patch":
      return { ...record, kind: "patch" };
    case "prepare-remove":
      return { ...record, kind: "remove" };
    default:
      return assertNever(record);
  }
}

/** The record that makes a pending version again, for checkpoints. */
export function recordOf(pending: Pending): StoreRecord {
  switch (pending.kind) {
    case "block":
      return { ...pending, kind: "prepare-block" };
    case "patch":
      return { ...pending, kind: "prepare-patch" };
    case "remove":
      return { ...pending, kind: "prepare-remove" };
    default:
      return assertNever(pending);
  }
}
