/** What a store does besides its operations: checkpoints when they are due, and syncs where updates do not. */
import type { Timer } from "@smallpond/base";
import { isPondError } from "@smallpond/base";
import type { Logger } from "../../service/log.ts";
import { isFull } from "../blocks/block-files.ts";
import { writeCheckpoint } from "../checkpoint/write-checkpoint.ts";
import { storeFailed } from "../model/errors.ts";
import type { OpenedStore } from "./open-store.ts";

export class Housekeeping {
  readonly #opened: OpenedStore;
  readonly #log: Logger;
  #lastCheckpoint: number;
  #bytesAtCheckpoint: number;
  #checkpointing: Promise<void> | undefined;
  #flushing: Promise<void> | undefined;
  #flushTimer: Timer | undefined;
  #isStopped = false;

  constructor(deps: { readonly opened: OpenedStore; readonly log: Logger }) {
    this.#opened = deps.opened;
    this.#log = deps.log;
    this.#lastCheckpoint = deps.opened.manifest.checkpoint;
    this.#bytesAtCheckpoint = -deps.opened.recoveredBytes;
  }

  /** Something happened: begins what is due. */
  wake(): void {
    if (this.#isStopped || this.#hasFailed) return;
    const { journal, settings, clock } = this.#opened.parts;
    if (journal.bytesWritten - this.#bytesAtCheckpoint >= this.#dueBytes) {
      void this.checkpoint().catch((error: unknown) => {
        this.#log.warn("a checkpoint was not written", { error: String(error) });
      });
    }
    if (settings.durability === "fsync" || this.#flushTimer !== undefined) return;
    this.#flushTimer = clock.timer(settings.flushMs, () => {
      this.#flushTimer = undefined;
      void this.flush().catch(() => {});
    });
    this.#flushTimer.unref();
  }

  /** Makes durable what was told, blocks before the records that name them. */
  flush(): Promise<void> {
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  checkpoint(): Promise<void> {
    this.#checkpointing ??= this.#checkpoint().finally(() => {
      this.#checkpointing = undefined;
    });
    return this.#checkpointing;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#flushTimer?.cancel();
    await this.#checkpointing?.catch(() => {});
    await this.#flushing?.catch(() => {});
  }

  get #hasFailed(): boolean {
    return this.#opened.failure() !== undefined || this.#opened.parts.journal.failure !== undefined;
  }

  /** By how much the journal may grow: an index that is large is not written again for little. */
  get #dueBytes(): number {
    const { settings, state } = this.#opened.parts;
    return Math.max(settings.checkpointBytes, state.index.bytes / 2);
  }

  async #flush(): Promise<void> {
    const { files, journal, space, applier, fail } = this.#opened.parts;
    try {
      await files.syncAll();
    } catch (error) {
      fail(error);
      throw storeFailed(error);
    }
    await journal.sync();
    space.sweep();
    applier.retry();
  }

  async #checkpoint(): Promise<void> {
    const { parts, place } = this.#opened;
    const { journal, state, files, settings, fail } = parts;
    const checkpoint = this.#lastCheckpoint + 1;
    const bytes = journal.bytesWritten;
    // Also when it fails: a disk that is full is not asked again at once.
    this.#bytesAtCheckpoint = bytes;
    try {
      await writeCheckpoint({ place, journal, state, files }, settings, checkpoint);
      this.#lastCheckpoint = checkpoint;
      parts.probes.mark("store: checkpoint written");
    } catch (error) {
      if (!isFull(error) && !isPondError(error, "STORE_FULL")) fail(error);
      throw error;
    }
    parts.applier.retry();
  }
}
