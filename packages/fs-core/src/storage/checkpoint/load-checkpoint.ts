/** Reads a checkpoint back: packed chunks go into the index as they are, records into the state. */
import { ByteReader } from "../../wire/codec/index.ts";
import { RECORD_BYTES } from "../index/packed.ts";
import { storeRecord } from "../journal/records.ts";
import { storeCorrupt } from "../model/errors.ts";
import type { StoreState } from "../store/state.ts";
import { type CheckpointPlace, type Manifest, shardPath } from "./manifest.ts";
import { readShard } from "./shards.ts";

export async function loadCheckpoint(
  place: CheckpointPlace,
  state: StoreState,
  { checkpoint, chunks, shards }: Manifest,
): Promise<void> {
  const load = async (shard: number): Promise<readonly Uint8Array[]> => {
    const about = shards[shard];
    return about === undefined ? [] : await readShard(place, { checkpoint, shard, frames: about.frames });
  };
  // One is read while the one before is taken in.
  let next = load(0);
  for (const [shard, { kind }] of shards.entries()) {
    const payloads = await next;
    next = load(shard + 1);
    // Whoever throws below leaves it unheard.
    next.catch(() => {});
    for (const payload of payloads) {
      if (kind === "index") loadIndex(state, payload, shardPath(place.directory, checkpoint, shard));
      else applyRecords(state, payload, 0n);
    }
  }
  await next;
  if (state.index.size > chunks) throw storeCorrupt(place.directory, "the checkpoint has too many chunks");
}

/** Every record of a payload, in order. */
export function applyRecords(state: StoreState, payload: Uint8Array, batch: bigint): void {
  const reader = new ByteReader(payload);
  while (reader.remaining > 0) state.apply(storeRecord.read(reader), batch);
}

function loadIndex(state: StoreState, payload: Uint8Array, path: string): void {
  if (payload.length % RECORD_BYTES !== 0) throw storeCorrupt(path, "it holds part of a record");
  const words = new Uint32Array(payload.buffer, payload.byteOffset, payload.length / 4);
  state.index.appendPacked(words);
}
