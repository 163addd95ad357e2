/**
 * Identities of inodes. The metastore has counters in shards, each of which grants runs of ids; a service takes a run at
 * a time from a shard that it drew, so that services hardly ever conflict. A run that a service dies with is lost, which
 * the 2^63 ids bear.
 */
import type { Random, SignalOptions } from "@smallpond/base";
import { type InodeId, inodeId } from "../../ids.ts";
import type { Metastore } from "../../metastore/transaction.ts";
import { decode, encode } from "../../wire/codec/index.ts";
import type { InodeIdSource } from "../namespace-deps.ts";
import { counterRow } from "../rows/inode-row.ts";
import { inodeCounterKey } from "../rows/keys.ts";

const SHARDS = 32;
const RUN_IDS = 4096;
/** The next run is fetched when fewer are left, so that hardly any create waits for one. */
const AHEAD_IDS = 1024;

interface Run {
  readonly first: bigint;
  readonly ids: number;
}

export class InodeIds implements InodeIdSource {
  readonly #metastore: Metastore;
  readonly #shard: number;
  #run: Run = { first: 0n, ids: 0 };
  #used = 0;
  /** The run after this one, being granted; its failure is told to those who need it. */
  #next: Promise<Run> | undefined;

  constructor(deps: { readonly metastore: Metastore; readonly random: Random }) {
    this.#metastore = deps.metastore;
    this.#shard = deps.random.int(SHARDS);
  }

  /** Waits, for as long as a transaction may take, only when a run is used up before the next is there. */
  async take(_options?: SignalOptions): Promise<InodeId> {
    for (;;) {
      const left = this.#run.ids - this.#used;
      if (left <= AHEAD_IDS) this.#fetch();
      if (left > 0) return inodeId(this.#run.first + BigInt(this.#used++));
      const coming = this.#next;
      const next = await coming;
      // Of all who waited for it, the first goes on to the new run.
      if (next === undefined || coming !== this.#next) continue;
      this.#run = next;
      this.#used = 0;
      this.#next = undefined;
    }
  }

  #fetch(): void {
    if (this.#next !== undefined) return;
    const next = grantRun(this.#metastore, this.#shard);
    this.#next = next;
    next.catch(() => {
      if (this.#next === next) this.#next = undefined;
    });
  }
}

/** After an unknown outcome another run is granted, and the first perhaps lost. */
function grantRun(metastore: Metastore, shard: number): Promise<Run> {
  return metastore.transact(
    async (transaction) => {
      const row = await transaction.get(inodeCounterKey(shard));
      // The ids of run 0 are kept for what is always there: the root is one of them.
      const run = (row === undefined ? 0n : decode(counterRow, row)) + 1n;
      transaction.set(inodeCounterKey(shard), encode(counterRow, run));
      return { first: (run * BigInt(SHARDS) + BigInt(shard)) * BigInt(RUN_IDS), ids: RUN_IDS };
    },
    { repeatable: true },
  );
}
