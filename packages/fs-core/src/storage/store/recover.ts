/**
 * Opens what a store left: the newest checkpoint, then the journal from the segment it names.
 *
 * The last batch may be in the kernel's memory and not on the disk: its sync failed, or was never asked for. It is taken as
 * having happened, because reads see it, and so it is written again and synced before anything is built on it.
 */
import { type Disk, type DiskFile, InvariantError } from "@smallpond/base";
import { applyRecords, loadCheckpoint } from "../checkpoint/load-checkpoint.ts";
import { type CheckpointPlace, type Manifest, readManifest } from "../checkpoint/manifest.ts";
import { FRAME_ALIGN, makeFrame } from "../journal/frame.ts";
import type { JournalEnd } from "../journal/journal.ts";
import { type ScannedSegment, scanSegment } from "../journal/scan.ts";
import { readSegmentHead, SEGMENT_HEAD_BYTES } from "../journal/segment.ts";
import type { SegmentFiles } from "../journal/segment-files.ts";
import { storeCorrupt } from "../model/errors.ts";
import type { Crc } from "../model/pages.ts";
import type { StoreState } from "./state.ts";

export interface Recovered {
  readonly manifest: Manifest;
  /** Where the journal goes on. */
  readonly end: JournalEnd;
  /** Batches that were read back, and their bytes. */
  readonly batches: number;
  readonly batchBytes: number;
  /**
   * Something stood behind the last batch that is no batch: what a crash left of one that nobody was told of, or, if the
   * disk lost what it had synced, of the last one that was acknowledged.
   */
  readonly isTailTorn: boolean;
}

export interface RecoverDeps {
  readonly disk: Disk;
  readonly crc: Crc;
  readonly place: CheckpointPlace;
  readonly segments: SegmentFiles;
  readonly state: StoreState;
}

export async function recover(
  deps: RecoverDeps,
  settings: {
    readonly target: number;
    readonly salt: bigint;
    /** Batches were not synced one by one, and power was lost: one may be missing before others that are there. */
    readonly mayHaveHoles: boolean;
  },
): Promise<Recovered> {
  const manifest = await readManifest(deps.place);
  // The name of a manifest may not be durable yet, and what it makes needless goes soon.
  await deps.disk.syncDirectory(deps.place.directory);
  await loadCheckpoint(deps.place, deps.state, manifest);
  return await replay(deps, { manifest, ...settings });
}

interface OpenSegment {
  readonly segment: number;
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly file: DiskFile;
}

async function replay(
  deps: RecoverDeps,
  {
    manifest,
    target,
    salt,
    mayHaveHoles,
  }: {
    readonly manifest: Manifest;
    readonly target: number;
    readonly salt: bigint;
    readonly mayHaveHoles: boolean;
  },
): Promise<Recovered> {
  const all = (await deps.segments.list()).filter((segment) => segment >= manifest.firstSegment);
  let nextBatch = manifest.firstBatch;
  let batches = 0;
  let batchBytes = 0;
  let position = SEGMENT_HEAD_BYTES;
  let isTailTorn = false;
  for (const [at, segment] of all.entries()) {
    const path = deps.segments.pathOf(segment);
    if (segment !== manifest.firstSegment + at) throw storeCorrupt(path, "the segment before it is missing");
    await using file = await deps.disk.open(path, { read: true, write: true });
    const bytes = new Uint8Array(await file.size());
    await file.readAt(bytes, 0);
    const open = { segment, path, bytes, file };
    checkHead(deps.crc, open, { target, salt, firstBatch: nextBatch });
    const scanned = scanSegment(deps.crc, bytes, { at: SEGMENT_HEAD_BYTES, firstBatch: nextBatch, salt });
    const isLast = at === all.length - 1;
    if (isLast && scanned.damagedAt !== undefined && !mayHaveHoles) throw damaged(path, scanned.damagedAt);
    applyAll(deps.state, scanned, { path, firstBatch: nextBatch });
    nextBatch = scanned.nextBatch;
    batches += scanned.payloads.length;
    batchBytes += scanned.end - SEGMENT_HEAD_BYTES;
    position = scanned.end;
    if (isLast) {
      isTailTorn = scanned.tail === "torn" || scanned.damagedAt !== undefined;
      await writeAgain(deps.crc, open, { scanned, salt });
    }
  }
  if (all.length === 0) {
    throw storeCorrupt(deps.segments.pathOf(manifest.firstSegment), "it is missing");
  }
  await deps.disk.syncDirectory(deps.segments.directory);
  const end = { segment: all.at(-1)!, position, nextBatch };
  return { manifest, end, batches, batchBytes, isTailTorn };
}

/** Also says that the segment before is whole: it has to end where this one begins. */
function checkHead(
  crc: Crc,
  { segment, path, bytes }: OpenSegment,
  wanted: { readonly target: number; readonly salt: bigint; readonly firstBatch: bigint },
): void {
  const head = readSegmentHead(crc, bytes, wanted.salt);
  if (head === undefined || head.segment !== segment || head.target !== wanted.target) {
    throw storeCorrupt(path, "its head is not what was written");
  }
  if (head.firstBatch !== wanted.firstBatch) {
    throw storeCorrupt(
      path,
      `batch ${wanted.firstBatch} before it is damaged: it begins with ${head.firstBatch}`,
    );
  }
}

function applyAll(
  state: StoreState,
  { payloads }: ScannedSegment,
  { path, firstBatch }: { readonly path: string; readonly firstBatch: bigint },
): void {
  for (const [at, payload] of payloads.entries()) {
    try {
      applyRecords(state, payload, firstBatch + BigInt(at));
    } catch (error) {
      // Checksums hold, so it was written like this: the rules of the journal were broken, and nothing here is trusted.
      if (!(error instanceof InvariantError)) throw error;
      throw storeCorrupt(
        path,
        `batch ${firstBatch + BigInt(at)} does not follow from those before: ${error.message}`,
      );
    }
  }
}

/**
 * Makes durable what counts of the last segment and seals it, and puts zeros over whatever stands behind: the journal goes on
 * there, and nothing that a crash left may ever be taken for one of its batches.
 */
async function writeAgain(
  crc: Crc,
  { bytes, file }: OpenSegment,
  { scanned, salt }: { readonly scanned: ScannedSegment; readonly salt: bigint },
): Promise<void> {
  const { end, payloads, nextBatch } = scanned;
  let written = bytes.length;
  while (written > end && bytes[written - 1] === 0) written -= 1;
  bytes.fill(0, end, written);
  if (payloads.length > 0 && end + FRAME_ALIGN <= bytes.length) {
    bytes.set(makeFrame(crc, new Uint8Array(0), { batch: nextBatch - 1n, salt }), end);
    written = Math.max(written, end + FRAME_ALIGN);
  }
  await file.writeAt(bytes.subarray(0, written), 0);
  await file.sync();
}

function damaged(path: string, at: number): Error {
  return storeCorrupt(path, `what was synced at ${at} is not what was written`);
}
