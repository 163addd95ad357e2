/** Takes a chunk over from another replica, all of it, with that one's versions: how a target that was away catches up. */
import type { ChainVersion } from "../../ids.ts";
import { CHUNK_BYTES_MAX } from "../blocks/block-id.ts";
import type { DedupeEntry } from "../journal/records.ts";
import { assertKey, type ChunkKey, type ChunkVersion, isVersion, keyText } from "../model/chunk.ts";
import { badRequest, payloadCorrupt } from "../model/errors.ts";
import { pagesOf } from "../model/pages.ts";
import { record, type StoreParts } from "../store/parts.ts";
import { writeBlock } from "../store/write-pages.ts";
import { giveUp, type PreparedUpdate } from "./update.ts";

export interface ReplaceRequest {
  readonly version: ChunkVersion;
  /** Borrowed. */
  readonly bytes: Uint8Array;
  /** Of the bytes. */
  readonly crc: number;
  /** The chain's when the version was committed; undefined while it is pending, and is to be committed here too. */
  readonly chainVersion: ChainVersion | undefined;
  /** Remembered together with it, where it is the update of somebody. */
  readonly dedupe?: DedupeEntry | undefined;
}

/**
 * Whatever the chunk was before, committed and pending, is void; but a version that follows the committed one and is not
 * committed yet leaves that as it is: a replica that serves has readers.
 */
export async function replace(
  parts: StoreParts,
  key: ChunkKey,
  request: ReplaceRequest,
): Promise<PreparedUpdate> {
  assertKey(key);
  const { version, bytes, crc, chainVersion, dedupe } = request;
  if (!isVersion(version)) throw badRequest(`not a version: ${version}`);
  if (bytes.length > CHUNK_BYTES_MAX) throw badRequest(`a chunk has at most ${CHUNK_BYTES_MAX} bytes`);
  if (parts.crc.of(bytes) !== crc) throw payloadCorrupt(key);
  using _turn = await parts.locks.take(keyText(key));
  const { length } = bytes;
  const whole = { kind: "block", length, firstPage: 0, endPage: pagesOf(length), imagesEnd: 0 } as const;
  const plan = { ...whole, from: 0, to: length };
  const written = await writeBlock(parts, { key, plan, bytes, before: undefined, mayRefuse: false });
  try {
    if (chainVersion === undefined) {
      const replaces = version !== (parts.state.index.get(key)?.version ?? 0) + 1;
      await record(parts, { kind: "prepare-block", key, version, dedupe, ...written, replaces });
    } else {
      // The answer first: with the chunk and without it, a request that comes again would be done again.
      const remembered = dedupe === undefined ? undefined : record(parts, { kind: "remember", ...dedupe });
      await Promise.all([remembered, record(parts, { kind: "put", key, version, chainVersion, ...written })]);
    }
  } catch (error) {
    giveUp(parts, written.block);
    throw error;
  }
  return { version, length, crc: written.crc };
}
