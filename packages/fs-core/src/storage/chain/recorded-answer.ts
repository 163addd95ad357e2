/** The answer to a write as it is journalled with it, and found again when the write is sent again (I8). */
import { type Codec, decode, encode, struct, versioned } from "../../wire/codec/index.ts";
import type { DedupeEntry } from "../journal/records.ts";
import type { PreparedUpdate } from "../ops/update.ts";
import { type ChunkAfter, chunkAfterFields } from "../protocol/common.ts";
import type { ForwardItem } from "../protocol/forward.ts";

const codec: Codec<ChunkAfter> = versioned(1, struct(chunkAfterFields) as Codec<ChunkAfter>);

export function recordedAnswer({ version, length, crc }: PreparedUpdate): Uint8Array {
  return encode(codec, { version, length, crc });
}

export function readAnswer({ result }: Pick<DedupeEntry, "result">): ChunkAfter {
  return decode(codec, result);
}

/** Whose request it is, without the answer: what goes down the chain with the update. */
export function identityOf(entry: DedupeEntry | undefined): ForwardItem["dedupe"] {
  if (entry === undefined) return undefined;
  const { session, channel, sequence, request } = entry;
  return { session, channel, sequence, request };
}
