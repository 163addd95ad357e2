/**
 * Writes committed images of pages to their blocks, in the background. Three things hold before a page is written: the
 * journal's batch that committed it is durable, so that there is a redo record; nobody reads the block who began before the
 * commit and expects the old bytes; and the page still belongs there. No sync follows: checkpoints do that for all.
 */
import { isFull } from "../blocks/block-files.ts";
import type { Pin } from "../blocks/pins.ts";
import { type ChunkKey, keyText } from "../model/chunk.ts";
import { storeFull } from "../model/errors.ts";
import { PAGE_BYTES } from "../model/pages.ts";
import type { Redo, RedoTable } from "./redo-table.ts";

export interface ApplierDeps {
  readonly redo: RedoTable;
  readonly write: (block: number, bytes: Uint8Array, offset: number) => Promise<void>;
  readonly pin: (block: number) => Pin;
  readonly drained: (block: number) => Promise<void>;
  /** Returns when the batch is durable. */
  readonly durable: (batch: bigint) => Promise<void>;
  /** Lets a simulation put it off. */
  readonly unhurried: () => Promise<void>;
  /** A write failed for another reason than a full disk: nobody knows what the block holds. */
  readonly failed: (error: unknown) => void;
}

interface Job {
  readonly redo: Redo;
  /** Those who read the block when the images were committed have left. */
  readonly quiet: Promise<void>;
}

export class PatchApplier {
  readonly #deps: ApplierDeps;
  readonly #applyMax: number;
  readonly #jobs: Map<string, Job> = new Map();
  readonly #running: Set<string> = new Set();
  /** The disk was full. They are tried again with the next round. */
  readonly #stalled: Map<string, Job> = new Map();
  #waiters: (() => void)[] = [];
  #isStopped = false;

  constructor(deps: ApplierDeps, settings: { readonly applyMax: number }) {
    this.#deps = deps;
    this.#applyMax = settings.applyMax;
  }

  /** Takes over what the chunk has now. Call it in the turn of the commit: readers of that moment are waited for. */
  schedule(key: ChunkKey): void {
    const redo = this.#deps.redo.get(key);
    if (redo === undefined) return;
    const text = keyText(key);
    this.#stalled.delete(text);
    this.#jobs.set(text, { redo, quiet: this.#deps.drained(redo.block) });
    this.#fillUp();
  }

  /** Tries again what a full disk stopped. */
  retry(): void {
    for (const [text, job] of this.#stalled) if (!this.#jobs.has(text)) this.#jobs.set(text, job);
    this.#stalled.clear();
    this.#fillUp();
  }

  /** When at most so many bytes of images are in memory; `STORE_FULL` when that does not come about. */
  async below(bytes: number): Promise<void> {
    while (this.#deps.redo.bytes > bytes && !this.#isStopped) {
      if (this.#jobs.size + this.#running.size === 0) throw storeFull("pages that were committed");
      await this.#news();
    }
  }

  /** Begins nothing more, and waits for what is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    while (this.#running.size > 0) await this.#news();
    this.#tell();
  }

  /** When everything that can be written is. */
  async idle(): Promise<void> {
    while (this.#jobs.size + this.#running.size > 0 && !this.#isStopped) await this.#news();
  }

  #fillUp(): void {
    if (this.#isStopped) return;
    for (const [text, job] of this.#jobs) {
      if (this.#running.size >= this.#applyMax) return;
      if (this.#running.has(text)) continue;
      this.#jobs.delete(text);
      this.#running.add(text);
      void this.#run(text, job);
    }
  }

  async #run(text: string, job: Job): Promise<void> {
    try {
      await this.#apply(job);
    } catch (error) {
      if (isFull(error)) this.#stalled.set(text, job);
      else {
        this.#isStopped = true;
        this.#deps.failed(error);
      }
    }
    this.#running.delete(text);
    this.#tell();
    this.#fillUp();
  }

  async #apply({ redo, quiet }: Job): Promise<void> {
    await quiet;
    await this.#deps.durable(redo.batch);
    await this.#deps.unhurried();
    if (this.#isStopped) return;
    const { key, block } = redo;
    const now = this.#deps.redo.get(key);
    if (now === undefined || now.block !== block) return;
    const pages = [...redo.images].filter(([page, bytes]) => now.images.get(page) === bytes);
    // From here on the block is neither given away nor written to by others.
    const pin = this.#deps.pin(block);
    try {
      for (const { page, bytes } of joined(pages)) await this.#deps.write(block, bytes, page * PAGE_BYTES);
      this.#deps.redo.done({ ...redo, images: new Map(pages) });
    } finally {
      pin.release();
    }
  }

  #news(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #tell(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

/** Neighbouring pages as one piece. */
function joined(
  pages: readonly (readonly [number, Uint8Array])[],
): readonly { page: number; bytes: Uint8Array }[] {
  const sorted = [...pages].sort(([a], [b]) => a - b);
  const runs: { page: number; parts: Uint8Array[] }[] = [];
  for (const [page, bytes] of sorted) {
    const last = runs.at(-1);
    if (last !== undefined && last.page + last.parts.length === page) last.parts.push(bytes);
    else runs.push({ page, parts: [bytes] });
  }
  return runs.map(({ page, parts }) => {
    if (parts.length === 1) return { page, bytes: parts[0]! };
    const bytes = new Uint8Array(parts.length * PAGE_BYTES);
    for (const [at, part] of parts.entries()) bytes.set(part, at * PAGE_BYTES);
    return { page, bytes };
  });
}
