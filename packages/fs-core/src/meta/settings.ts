/** What can be set about the namespace, with bounds and defaults. */
import { assert } from "@smallpond/base";
import { type ChainTableId, chainTableId } from "../ids.ts";
import { META_LIMITS } from "./model/limits.ts";

export interface NamespaceSettings {
  /** Files of directories that say nothing else: the table of chains. */
  readonly table: ChainTableId;
  /** A power of two from 64 KiB to 64 MiB. */
  readonly chunkBytes: number;
  /** Chains a file is spread over, if the table has as many. 1 to 1,024. */
  readonly stripe: number;
  /** Files up to this are kept beside their inode when they are written whole. 0 to 16 KiB. */
  readonly inlineBytesMax: number;
  /** How long a file without links is kept before the collector looks at it. */
  readonly garbageDelayMs: number;
  /** Removing a tree looks at permissions of at most this many directories; root's are not looked at. */
  readonly treeDirectoriesMax: number;
  /** …and at this many entries. */
  readonly treeEntriesMax: number;
}

export const DEFAULT_NAMESPACE_SETTINGS: NamespaceSettings = {
  table: chainTableId(1),
  chunkBytes: 2 ** 20,
  stripe: 16,
  inlineBytesMax: 4096,
  garbageDelayMs: 300_000,
  treeDirectoriesMax: 1024,
  treeEntriesMax: 100_000,
};

/** The defaults with changes, if all is within its bounds. */
export function namespaceSettings(changes: Partial<NamespaceSettings> = {}): NamespaceSettings {
  const settings = { ...DEFAULT_NAMESPACE_SETTINGS, ...changes };
  const { chunkBytes, stripe, inlineBytesMax } = settings;
  assert(isChunkBytes(chunkBytes), `not a size of chunks: ${chunkBytes}`);
  assert(
    Number.isInteger(stripe) && stripe >= 1 && stripe <= META_LIMITS.stripeMax,
    `not a stripe: ${stripe}`,
  );
  assert(inlineBytesMax >= 0 && inlineBytesMax <= 16 * 1024, `not a size of inline files: ${inlineBytesMax}`);
  return settings;
}

export function isChunkBytes(bytes: number): boolean {
  return (
    Number.isInteger(Math.log2(bytes)) &&
    bytes >= META_LIMITS.chunkBytesMin &&
    bytes <= META_LIMITS.chunkBytesMax
  );
}
