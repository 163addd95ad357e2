/** Removes what has been in the trash for as long as it was to be kept. */
import { type Clock, formatError, type Random, type SignalOptions } from "@smallpond/base";
import { type ClientId, type InodeId, newRandomId, type RequestId, ROOT_INODE } from "../../../ids.ts";
import { afterKey, prefixRange } from "../../../metastore/keys.ts";
import type { Metastore } from "../../../metastore/transaction.ts";
import type { Logger } from "../../../service/log.ts";
import type { Counter, Metrics } from "../../../service/metrics.ts";
import { decode } from "../../../wire/codec/index.ts";
import type { Entry } from "../../model/inode.ts";
import type { NamespaceDeps } from "../../namespace-deps.ts";
import { removeTree } from "../../ops/remove-tree.ts";
import { unlink } from "../../ops/unlink.ts";
import { entryRow } from "../../rows/inode-row.ts";
import { entryKey } from "../../rows/keys.ts";
import type { OperationRunner } from "../../runner.ts";
import { parseTrashName } from "./trash-name.ts";
import { TRASH_NAME } from "./trash-place.ts";

export interface TrashCleanerDeps {
  readonly metastore: Metastore;
  readonly runner: Pick<OperationRunner<NamespaceDeps>, "run">;
  readonly clock: Pick<Clock, "wallMs">;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
}

interface Named extends Entry {
  readonly name: string;
}

const PAGE = 500;

export class TrashCleaner {
  readonly #deps: TrashCleanerDeps;
  /** No client has locked a directory under this name. */
  readonly #client: ClientId;
  readonly #removed: Counter;

  constructor(deps: TrashCleanerDeps) {
    this.#deps = deps;
    this.#client = newRandomId<ClientId>(deps.random);
    this.#removed = deps.metrics.counter(
      "pond_meta_trash_removed_total",
      "Things whose time in the trash was over.",
    );
  }

  /** Looks through all of the trash once. */
  async clean(options: SignalOptions = {}): Promise<void> {
    const trash = await this.#find(ROOT_INODE, TRASH_NAME, options);
    if (trash?.kind !== "directory") return;
    for await (const user of this.#entries(trash.inode, options)) {
      if (user.kind !== "directory") continue;
      for await (const thing of this.#entries(user.inode, options)) {
        const kept = parseTrashName(thing.name);
        if (kept === undefined || kept.untilMs > this.#deps.clock.wallMs()) continue;
        await this.#remove(user.inode, thing, options);
      }
    }
  }

  async #remove(directory: InodeId, { name, kind }: Named, options: SignalOptions): Promise<void> {
    const { runner, random, log } = this.#deps;
    const operation = kind === "directory" ? removeTree : unlink;
    const request = newRandomId<RequestId>(random);
    const place = { directory, under: "", name };
    const question = { as: undefined, client: this.#client, request, place };
    try {
      await runner.run(operation, question, { principal: { kind: "member", node: undefined }, ...options });
      this.#removed.add();
    } catch (error) {
      options.signal?.throwIfAborted();
      log.warn("trash not removed", { directory, name, error: formatError(error) });
    }
  }

  #find(directory: InodeId, name: string, options: SignalOptions): Promise<Entry | undefined> {
    return this.#deps.metastore.transact(async (transaction) => {
      const row = await transaction.get(entryKey(directory, name));
      return row === undefined ? undefined : decode(entryRow, row);
    }, options);
  }

  async *#entries(directory: InodeId, options: SignalOptions): AsyncIterable<Named> {
    let { begin, end } = prefixRange(entryKey(directory, ""));
    const prefixBytes = begin.length;
    for (;;) {
      options.signal?.throwIfAborted();
      const { entries, more } = await this.#deps.metastore.transact(
        (transaction) => transaction.range({ begin, end }, { limit: PAGE, snapshot: true }),
        options,
      );
      for (const { key, value } of entries) {
        yield { ...decode(entryRow, value), name: new TextDecoder().decode(key.subarray(prefixBytes)) };
      }
      const last = entries.at(-1);
      if (!more || last === undefined) return;
      begin = afterKey(last.key);
    }
  }
}
