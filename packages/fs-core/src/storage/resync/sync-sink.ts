/**
 * The replica that is brought up to date. What it remembered beside chunks it forgets once in each version of the chain, before
 * it takes anything of that version: what it is told from then on, by its predecessor, with updates and in notes, is all of
 * that version and stays, also when the predecessor begins anew.
 */
import type { ChainVersion, TargetId } from "../../ids.ts";
import type { Logger } from "../../service/log.ts";
import type { ReplicaView, SyncSink } from "../chain/chain-deps.ts";
import { refusedBy } from "../chain/refusals.ts";
import { badRequest } from "../model/errors.ts";
import type { ChunkState } from "../ops/query.ts";
import { PROTOCOL_LIMITS } from "../protocol/common.ts";
import type { DoneOrRefused } from "../protocol/outcome.ts";
import type {
  SyncChunk,
  SyncEndQuestion,
  SyncListAnswer,
  SyncListQuestion,
  SyncNotesQuestion,
} from "../protocol/sync.ts";

export interface StoreSyncSinkDeps {
  readonly log: Logger;
}

interface Emptied {
  readonly chainVersion: ChainVersion;
  readonly done: Promise<void>;
}

export class StoreSyncSink implements SyncSink {
  readonly #log: Logger;
  /** For each target of the node: in which version it forgot. */
  readonly #emptied: Map<TargetId, Emptied> = new Map();

  constructor(deps: StoreSyncSinkDeps) {
    this.#log = deps.log;
  }

  begin({ target, store }: ReplicaView, chainVersion: ChainVersion): Promise<void> {
    const known = this.#emptied.get(target);
    if (known?.chainVersion === chainVersion) return known.done;
    // From here on it is neither what it was nor what it will be.
    const done = store.markIncomplete().then(() => store.resetNotes());
    const emptied = { chainVersion, done };
    this.#emptied.set(target, emptied);
    // Whoever asks next tries again.
    done.catch(() => {
      if (this.#emptied.get(target) === emptied) this.#emptied.delete(target);
    });
    return done;
  }

  async notes(replica: ReplicaView, question: SyncNotesQuestion): Promise<DoneOrRefused> {
    try {
      if (question.first) await this.begin(replica, question.chainVersion);
      else this.#assertEmptied(replica, question.chainVersion);
      await replica.store.takeNotes(question);
      return { kind: "done" };
    } catch (error) {
      return refusedBy(error);
    }
  }

  async list(replica: ReplicaView, { from, limit }: SyncListQuestion): Promise<SyncListAnswer> {
    const asked = Math.max(1, Math.min(limit, PROTOCOL_LIMITS.entriesMax));
    const chunks = replica.store.list(from, asked).map(syncChunk);
    return { kind: "chunks", chunks, more: chunks.length === asked };
  }

  async end(replica: ReplicaView, { chainVersion }: SyncEndQuestion): Promise<DoneOrRefused> {
    const { store, target } = replica;
    try {
      this.#assertEmptied(replica, chainVersion);
      await this.#emptied.get(target)?.done;
      await store.flush();
      // In another version it may have forgotten meanwhile, and is none of this one's any more.
      this.#assertEmptied(replica, chainVersion);
      await store.markComplete();
      this.#log.info("target is up to date", { target, chainVersion });
      return { kind: "done" };
    } catch (error) {
      return refusedBy(error);
    }
  }

  #assertEmptied({ target }: ReplicaView, chainVersion: ChainVersion): void {
    if (this.#emptied.get(target)?.chainVersion === chainVersion) return;
    throw badRequest(`target ${target} was told of no first notes in version ${chainVersion} of its chain`);
  }
}

function syncChunk({ key, committed, pending }: ChunkState): SyncChunk {
  const { version, chainVersion, length, crc } = committed ?? {
    version: 0,
    chainVersion: 0,
    length: 0,
    crc: 0,
  };
  return { key, version, chainVersion, length, crc, pending: pending !== undefined };
}
