/** What a checkpoint consists of. It is there once its manifest is, which is the last thing written and is renamed into place. */
import type { Disk } from "@smallpond/base";
import {
  type Codec,
  decode,
  encode,
  list,
  struct,
  u64,
  varint,
  versioned,
  word,
} from "../../wire/codec/index.ts";
import { makeFrame, readFrame } from "../journal/frame.ts";
import { storeCorrupt } from "../model/errors.ts";
import type { Crc } from "../model/pages.ts";

export interface Shard {
  /** Chunks as they are packed in memory, or records of the journal. */
  readonly kind: "index" | "records";
  /** Frames behind its head. */
  readonly frames: number;
}

export interface Manifest {
  readonly checkpoint: number;
  /** The journal from here on holds what came after, and some of it may be in the checkpoint already. */
  readonly firstSegment: number;
  readonly firstBatch: bigint;
  readonly chunks: number;
  readonly shards: readonly Shard[];
}

const SHARDS_MAX = 65_536;

const codec: Codec<Manifest> = versioned(
  1,
  struct({
    checkpoint: varint,
    firstSegment: varint,
    firstBatch: u64,
    chunks: varint,
    shards: list(struct({ kind: word(["index", "records"]), frames: varint }), SHARDS_MAX),
  }),
);

export interface CheckpointPlace {
  readonly disk: Disk;
  readonly crc: Crc;
  readonly directory: string;
  /** The generation of the target. */
  readonly salt: bigint;
}

export function encodeManifest(crc: Crc, manifest: Manifest, salt: bigint): Uint8Array {
  return makeFrame(crc, encode(codec, manifest), { batch: BigInt(manifest.checkpoint), salt });
}

export function manifestPath(directory: string, checkpoint: number): string {
  return `${directory}/${numbered(checkpoint)}.manifest`;
}

export function shardPath(directory: string, checkpoint: number, shard: number): string {
  return `${directory}/${numbered(checkpoint)}-${shard.toString().padStart(5, "0")}.shard`;
}

/** Makes the checkpoint the one that counts. Its shards are durable. */
export async function publishManifest(place: CheckpointPlace, manifest: Manifest): Promise<void> {
  const { disk, directory } = place;
  const path = manifestPath(directory, manifest.checkpoint);
  await disk.writeFile(`${path}.new`, encodeManifest(place.crc, manifest, place.salt), { sync: true });
  // The names of the shards before that of the manifest.
  await disk.syncDirectory(directory);
  await disk.rename({ from: `${path}.new`, to: path });
  await disk.syncDirectory(directory);
}

/** The newest; a target always has one, since it was formatted. */
export async function readManifest(place: CheckpointPlace): Promise<Manifest> {
  const { disk, crc, directory, salt } = place;
  const numbers = (await disk.readdir(directory))
    .map(({ name }) => /^(\d{10})\.manifest$/.exec(name)?.[1])
    .filter((digits) => digits !== undefined);
  const newest = numbers.at(-1);
  if (newest === undefined) throw storeCorrupt(directory, "there is no checkpoint");
  const path = manifestPath(directory, Number(newest));
  const frame = readFrame(crc, await disk.readFile(path), 0, salt);
  if (frame?.batch !== BigInt(newest)) throw storeCorrupt(path, "it is not what was written");
  return decode(codec, frame.payload);
}

/** Removes what belongs to other checkpoints, finished or not. */
export async function removeOthers(place: CheckpointPlace, { checkpoint, shards }: Manifest): Promise<void> {
  const { disk, directory } = place;
  const own = new Set([`${numbered(checkpoint)}.manifest`]);
  for (const shard of shards.keys()) own.add(shardPath("", checkpoint, shard).slice(1));
  const others = (await disk.readdir(directory)).filter(({ name }) => !own.has(name));
  if (others.length === 0) return;
  // Manifests last: what a manifest names is there for as long as it is.
  const isManifest = (name: string): number => (name.endsWith(".manifest") ? 0 : 1);
  for (const { name } of [...others].sort((a, b) => isManifest(a.name) - isManifest(b.name))) {
    await disk.unlink(`${directory}/${name}`);
  }
  await disk.syncDirectory(directory);
}

function numbered(checkpoint: number): string {
  return checkpoint.toString().padStart(10, "0");
}
