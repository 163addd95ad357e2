/** Shards: files of frames, written one step at a time and read one file at a time. */
import type { DiskFile } from "@smallpond/base";
import { FRAME_ALIGN, makeFrame, readFrame } from "../journal/frame.ts";
import { storeCorrupt } from "../model/errors.ts";
import { type CheckpointPlace, type Shard, shardPath } from "./manifest.ts";

/** Writes shards of one checkpoint, one after another; each is durable when the next begins. */
export class ShardWriter {
  readonly #place: CheckpointPlace;
  readonly #checkpoint: number;
  readonly #shardBytes: number;
  readonly #shards: Shard[] = [];
  #open:
    | { readonly kind: Shard["kind"]; readonly file: DiskFile; frames: number; position: number }
    | undefined;

  constructor(
    place: CheckpointPlace,
    settings: { readonly checkpoint: number; readonly shardBytes: number },
  ) {
    this.#place = place;
    this.#checkpoint = settings.checkpoint;
    this.#shardBytes = settings.shardBytes;
  }

  async add(kind: Shard["kind"], payload: Uint8Array): Promise<void> {
    let open = this.#open;
    if (open !== undefined && (open.kind !== kind || open.position >= this.#shardBytes)) {
      await this.#finish();
      open = undefined;
    }
    if (open === undefined) {
      const path = shardPath(this.#place.directory, this.#checkpoint, this.#shards.length);
      const file = await this.#place.disk.open(path, { write: true, create: true, truncate: true });
      open = { kind, file, frames: 0, position: 0 };
      this.#open = open;
    }
    const { crc, salt } = this.#place;
    const batch = frameNumber(this.#checkpoint, this.#shards.length, open.frames);
    const frame = makeFrame(crc, payload, { batch, salt });
    await open.file.writeAt(frame, open.position);
    open.frames += 1;
    open.position += frame.length;
  }

  async finish(): Promise<readonly Shard[]> {
    await this.#finish();
    return this.#shards;
  }

  /** Lets the file go that is open, after a failure. */
  async abandon(): Promise<void> {
    await this.#open?.file.close();
    this.#open = undefined;
  }

  async #finish(): Promise<void> {
    if (this.#open === undefined) return;
    const { kind, file, frames } = this.#open;
    await file.sync();
    await file.close();
    this.#open = undefined;
    this.#shards.push({ kind, frames });
  }
}

/** The payloads of a shard, views of its memory; each begins at a multiple of 4 bytes. */
export async function readShard(
  place: CheckpointPlace,
  {
    checkpoint,
    shard,
    frames,
  }: { readonly checkpoint: number; readonly shard: number; readonly frames: number },
): Promise<readonly Uint8Array[]> {
  const path = shardPath(place.directory, checkpoint, shard);
  if (!(await place.disk.exists(path))) throw storeCorrupt(path, "it is missing");
  await using file = await place.disk.open(path, { read: true });
  const bytes = new Uint8Array(await file.size());
  await file.readAt(bytes, 0);
  const payloads: Uint8Array[] = [];
  let at = 0;
  for (let number = 0; number < frames; number++) {
    const frame = readFrame(place.crc, bytes, at, place.salt);
    if (frame?.batch !== frameNumber(checkpoint, shard, number)) {
      throw storeCorrupt(path, `frame ${number} at ${at} is not what was written`);
    }
    payloads.push(frame.payload);
    at += frame.bytes;
  }
  if (at % FRAME_ALIGN !== 0 || at !== bytes.length) throw storeCorrupt(path, "it has another size");
  return payloads;
}

/** Names a frame's place, so that none is taken for another. */
function frameNumber(checkpoint: number, shard: number, frame: number): bigint {
  return (BigInt(checkpoint) << 40n) | (BigInt(shard) << 20n) | BigInt(frame);
}
