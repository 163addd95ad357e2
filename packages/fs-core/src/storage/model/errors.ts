/** What a chunk store refuses with. `kind` says what a caller may do about it. */
import { PondError } from "@smallpond/base";
import { type ChunkKey, keyText } from "./chunk.ts";

export type StoreErrorCode =
  /** The directory belongs to another cluster or target, or is of a format nobody here reads. */
  | "FOREIGN_TARGET"
  /** Index, journal or superblock hold what nobody wrote: the target is not used until somebody looks. */
  | "STORE_CORRUPT"
  /** A chunk's bytes are not those that were written: another replica has to give them. */
  | "CHUNK_CORRUPT"
  /** No space for it. Nothing was done. */
  | "STORE_FULL"
  /** As much as allowed is under way or pending. Nothing was done. */
  | "STORE_BUSY"
  /** A write or sync failed: what is durable is unknown until the store is opened again, which recovers. */
  | "STORE_FAILED"
  | "STORE_CLOSED"
  /** The bytes of a request do not match the checksum they came with. Nothing was done. */
  | "PAYLOAD_CORRUPT"
  | "BAD_CHUNK_REQUEST";

export type StoreError = PondError<StoreErrorCode>;
export type ChunkCorruptError = PondError<"CHUNK_CORRUPT", ChunkDamage>;

/** Where a chunk is damaged. */
export interface ChunkDamage {
  readonly inode: bigint;
  readonly dataVersion: number;
  readonly chunk: number;
  /** The first page whose bytes do not match; -1 when its checksums themselves do not. */
  readonly page: number;
}

export function foreignTarget(path: string, reason: string): StoreError {
  return new PondError("FOREIGN_TARGET", {
    kind: "invalid",
    message: `${path} is not the directory of this target: ${reason}`,
    hint: "give the target its own directory, or format an empty one",
  });
}

export function storeCorrupt(path: string, reason: string): StoreError {
  return new PondError("STORE_CORRUPT", {
    kind: "corrupt",
    message: `${path} is damaged: ${reason}`,
    hint: "take the target out of its chain, format it anew and let it be filled from another replica",
  });
}

export function chunkCorrupt(key: ChunkKey, page: number): ChunkCorruptError {
  const { inode, dataVersion, chunk } = key;
  return new PondError("CHUNK_CORRUPT", {
    kind: "corrupt",
    message:
      page < 0
        ? `the checksums of chunk ${keyText(key)} are damaged`
        : `page ${page} of chunk ${keyText(key)} is not what was written`,
    details: { inode, dataVersion, chunk, page },
  });
}

export function storeFull(what: string, cause?: unknown): StoreError {
  return new PondError("STORE_FULL", {
    kind: "unavailable",
    message: `no space is left for ${what}`,
    ...(cause === undefined ? {} : { cause }),
  });
}

export function storeBusy(what: string): StoreError {
  return new PondError("STORE_BUSY", { kind: "retry", message: `too much is under way: ${what}` });
}

export function storeFailed(cause: unknown): StoreError {
  return new PondError("STORE_FAILED", {
    kind: "unknown-outcome",
    message: "the target's disk failed a write: what is durable shows when it is opened again",
    cause,
  });
}

export function storeClosed(): StoreError {
  return new PondError("STORE_CLOSED", { kind: "closed", message: "the chunk store is closed" });
}

export function badRequest(reason: string): StoreError {
  return new PondError("BAD_CHUNK_REQUEST", { kind: "invalid", message: reason });
}

export function payloadCorrupt(key: ChunkKey): StoreError {
  return new PondError("PAYLOAD_CORRUPT", {
    kind: "corrupt",
    message: `the bytes for chunk ${keyText(key)} are not those that were sent`,
    hint: "send them again",
  });
}
