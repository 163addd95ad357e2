/**
 * A checkpoint, written while work goes on. It begins with a new segment of the journal: what was told before is in memory
 * by then, and the checkpoint holds at least that. What comes while it is written may be in it or not; the journal from that
 * segment on says it again, and since records tell states, saying it twice does no harm.
 *
 * Three things stand in the journal before that segment and nowhere else, and vanish when they are done, so they are taken
 * down in the moment of its beginning: pending versions, images that are not in their blocks yet, and checksums that are not
 * in their files. What is remembered besides is taken down like the index, a step at a time, wherever it is by then.
 */
import { assert } from "@smallpond/base";
import { ByteWriter } from "../../wire/codec/index.ts";
import type { BlockFiles } from "../blocks/block-files.ts";
import { keyAfter } from "../index/chunk-index.ts";
import { keyAt, RECORD_BYTES, RECORD_WORDS } from "../index/packed.ts";
import type { Journal } from "../journal/journal.ts";
import { type StoreRecord, storeRecord } from "../journal/records.ts";
import type { ChunkKey } from "../model/chunk.ts";
import type { Pending } from "../store/pending-table.ts";
import type { Redo } from "../store/redo-table.ts";
import { recordOf, type StoreState } from "../store/state.ts";
import { type CheckpointPlace, type Manifest, publishManifest, removeOthers } from "./manifest.ts";
import { ShardWriter } from "./shards.ts";

export interface CheckpointDeps {
  readonly place: CheckpointPlace;
  readonly journal: Journal;
  readonly state: StoreState;
  readonly files: BlockFiles;
}

export interface CheckpointSettings {
  readonly shardBytes: number;
  readonly checkpointStepBytes: number;
}

/** Images in one record of a checkpoint. */
const REDO_IMAGES = 64;

interface Captured {
  readonly segment: number;
  readonly firstBatch: bigint;
  readonly pendings: readonly Pending[];
  readonly redo: readonly Redo[];
}

export async function writeCheckpoint(
  deps: CheckpointDeps,
  settings: CheckpointSettings,
  checkpoint: number,
): Promise<Manifest> {
  const captured = await capture(deps);
  const forget = await deps.state.sums.flush();
  await deps.files.syncAll();
  const writer = new ShardWriter(deps.place, { checkpoint, shardBytes: settings.shardBytes });
  try {
    const chunks = await writeIndex(deps.state, writer, settings.checkpointStepBytes);
    await writeRecords(recordsOf(captured, deps.state), writer, settings.checkpointStepBytes);
    const shards = await writer.finish();
    const { segment: firstSegment, firstBatch } = captured;
    const manifest = { checkpoint, firstSegment, firstBatch, chunks, shards };
    // The index may have seen records that count and are not durable yet: the journal must not know less.
    await deps.files.syncAll();
    await deps.journal.sync();
    await publishManifest(deps.place, manifest);
    forget();
    await removeOthers(deps.place, manifest);
    await deps.journal.removeBefore(firstSegment);
    return manifest;
  } finally {
    await writer.abandon();
  }
}

async function capture({ journal, state }: CheckpointDeps): Promise<Captured> {
  let captured: Captured | undefined;
  await journal.rotate(({ segment, firstBatch }) => {
    captured = {
      segment,
      firstBatch,
      pendings: state.pendings.all(),
      redo: state.redo.all(),
    };
  });
  assert(captured !== undefined, "a rotation that succeeds is told");
  return captured;
}

/** Chunk after chunk in order, a step at a time, wherever the index is by then; how many. */
async function writeIndex(state: StoreState, writer: ShardWriter, stepBytes: number): Promise<number> {
  const step = Math.max(1, Math.floor(stepBytes / RECORD_BYTES));
  let from: ChunkKey | undefined;
  let chunks = 0;
  for (;;) {
    const words = state.index.packedFrom(from, step);
    if (words.length === 0) return chunks;
    chunks += words.length / RECORD_WORDS;
    from = keyAfter(keyAt(words, words.length - RECORD_WORDS));
    await writer.add("index", new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
  }
}

/** A few hundred microseconds of work between two steps. */
const STEP_RECORDS = 256;

async function writeRecords(
  records: Iterable<StoreRecord>,
  writer: ShardWriter,
  stepBytes: number,
): Promise<void> {
  const bytes = new ByteWriter();
  let count = 0;
  for (const record of records) {
    storeRecord.write(bytes, record);
    count += 1;
    if (bytes.size < stepBytes && count < STEP_RECORDS) continue;
    await writer.add("records", bytes.writtenView);
    bytes.reset();
    count = 0;
  }
  if (bytes.size > 0) await writer.add("records", bytes.writtenView);
}

function* recordsOf({ pendings, redo }: Captured, state: StoreState): Generator<StoreRecord> {
  for (const { key, block, images } of redo) {
    const pages = [...images].map(([page, bytes]) => ({ page, bytes }));
    for (let at = 0; at < pages.length; at += REDO_IMAGES) {
      yield { kind: "redo", key, block, images: pages.slice(at, at + REDO_IMAGES) };
    }
  }
  for (const pending of pendings) yield recordOf(pending);
  // Pending versions bring their answers with them, also those that are forgotten or not the newest of their channel.
  if (pendings.length > 0) yield { kind: "reset-notes" };
  for (const entry of state.dedupe.entries()) yield { kind: "remember", ...entry };
  for (const { session, untilMs } of state.revoked.entries()) {
    yield { kind: "revoke", sessions: [session], untilMs };
  }
  for (const truncated of state.truncated.entries()) yield { kind: "truncated", ...truncated };
}
