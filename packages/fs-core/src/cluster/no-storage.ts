/**
 * A cluster without storage services: files have names, attributes and locks, and bytes only as far as they fit beside
 * their inode. For metadata alone, until storage joins.
 */
import { PondError } from "@smallpond/base";
import type { ChunkService } from "../meta/collect/chunk-service.ts";
import type { ChainTables } from "../meta/namespace-deps.ts";

const CHAINS = 16;

/** Layouts name chains that nobody serves. */
export function tablesWithoutStorage(): ChainTables {
  return { latest: () => ({ version: 1, chains: CHAINS }) };
}

/** There are no chunks, so there is nothing to remove, to cut or to measure, and nobody who could write any. */
export function chunksWithoutStorage(): ChunkService {
  return {
    removeChunks: async () => ({ removed: 0, more: false }),
    truncate: async () => {},
    lengthOf: async () => 0n,
    fill: () =>
      Promise.reject(
        new PondError("NO_STORAGE", {
          kind: "unavailable",
          message: "the cluster has no storage services, so there is nowhere for bytes to go",
          hint: "start a storage service, or write at most as much as is kept beside the inode",
        }),
      ),
    revoke: async () => {},
    space: async () => ({ bytesTotal: 0n, bytesFree: 0n }),
  };
}
