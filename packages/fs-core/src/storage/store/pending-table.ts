/** Versions that were prepared and are not committed: at most one a chunk (I1). */

import type { DedupeEntry, PageImage } from "../journal/records.ts";
import type { ChunkKey, ChunkVersion, FileData } from "../model/chunk.ts";
import { fileText, NO_BLOCK } from "../model/chunk.ts";

interface PendingCommon {
  readonly key: ChunkKey;
  readonly version: ChunkVersion;
  readonly dedupe: DedupeEntry | undefined;
}

/** Its bytes are in a block of their own. */
export interface PendingBlock extends PendingCommon {
  readonly kind: "block";
  readonly length: number;
  readonly crc: number;
  readonly block: number;
  readonly sums: Uint32Array;
  readonly replaces: boolean;
}

/** Its bytes are the committed ones, with other pages from `firstPage` on. */
export interface PendingPatch extends PendingCommon {
  readonly kind: "patch";
  readonly length: number;
  readonly crc: number;
  /** The chunk's. */
  readonly block: number;
  readonly firstPage: number;
  readonly sums: Uint32Array;
  readonly images: readonly PageImage[];
}

export interface PendingRemove extends PendingCommon {
  readonly kind: "remove";
}

export type Pending = PendingBlock | PendingPatch | PendingRemove;

export class PendingTable {
  readonly #byFile: Map<string, Map<number, Pending>> = new Map();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: ChunkKey): Pending | undefined {
    return this.#byFile.get(fileText(key))?.get(key.chunk);
  }

  set(pending: Pending): void {
    this.delete(pending.key);
    const text = fileText(pending.key);
    const chunks = this.#byFile.get(text) ?? new Map<number, Pending>();
    this.#byFile.set(text, chunks.set(pending.key.chunk, pending));
    this.#size += 1;
  }

  delete(key: ChunkKey): void {
    const text = fileText(key);
    const chunks = this.#byFile.get(text);
    if (!chunks?.delete(key.chunk)) return;
    this.#size -= 1;
    if (chunks.size === 0) this.#byFile.delete(text);
  }

  ofFile(file: FileData): readonly Pending[] {
    return [...(this.#byFile.get(fileText(file))?.values() ?? [])];
  }

  all(): readonly Pending[] {
    return [...this.#byFile.values()].flatMap((chunks) => [...chunks.values()]);
  }
}

/** The block that goes when the pending version does. */
export function ownBlockOf(pending: Pending): number | undefined {
  return pending.kind === "block" && pending.block !== NO_BLOCK ? pending.block : undefined;
}
