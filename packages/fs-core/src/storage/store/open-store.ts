/** Puts a store together over the directory of a target: reads back, counts blocks, goes on in the journal. */
import { type Clock, type Disk, isPondError, type Probes } from "@smallpond/base";
import type { Logger } from "../../service/log.ts";
import { BlockFiles } from "../blocks/block-files.ts";
import { classOf, indexOf } from "../blocks/block-id.ts";
import { BlockSpace } from "../blocks/block-space.ts";
import type { PageBuffers } from "../blocks/page-buffers.ts";
import type { CheckpointPlace, Manifest } from "../checkpoint/manifest.ts";
import { removeOthers } from "../checkpoint/manifest.ts";
import { ChunkIndex } from "../index/chunk-index.ts";
import { RECORD_WORDS } from "../index/packed.ts";
import { Journal } from "../journal/journal.ts";
import { SegmentFiles } from "../journal/segment-files.ts";
import { foreignTarget } from "../model/errors.ts";
import type { Crc } from "../model/pages.ts";
import type { StoreSettings } from "../settings.ts";
import { SumTable } from "../sums/sum-table.ts";
import {
  type BootMark,
  hasLostPower,
  isStillComplete,
  readBootMark,
  writeBootMark,
} from "../target/boot-mark.ts";
import { blocksPath, checkpointPath, journalPath, parentPath } from "../target/paths.ts";
import { assertOwn, readSuperblock, type Superblock } from "../target/superblock.ts";
import { DedupeTable } from "./dedupe-table.ts";
import { KeyLocks } from "./key-locks.ts";
import type { StoreBug, StoreParts } from "./parts.ts";
import { PatchApplier } from "./patch-applier.ts";
import { ownBlockOf, PendingTable } from "./pending-table.ts";
import { type Recovered, recover } from "./recover.ts";
import { RedoTable } from "./redo-table.ts";
import { RevokedTable } from "./revoked-table.ts";
import { StoreState } from "./state.ts";
import { TruncatedTable } from "./truncated-table.ts";

export interface OpenedStore {
  readonly parts: StoreParts;
  readonly place: CheckpointPlace;
  readonly manifest: Manifest;
  /** Of the journal, behind that checkpoint. */
  readonly recoveredBytes: number;
  readonly report: {
    readonly superblock: Superblock;
    readonly chunks: number;
    readonly batches: number;
    readonly isTailTorn: boolean;
    readonly isComplete: boolean;
  };
  freeBytes(): Promise<number>;
  failure(): unknown;
  mark(change: Pick<BootMark, "isClosed" | "isComplete">): Promise<void>;
  /** Lets all files go; with everything durable when nothing has failed. */
  close(isSound: boolean): Promise<void>;
}

/** How long a simulation keeps images from their blocks. */
const LATE_MS = 30;

interface Deps {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly crc: Crc;
  readonly buffers: PageBuffers;
  readonly probes: Probes;
  readonly log: Logger;
}

interface Place {
  readonly directory: string;
  readonly cluster: string;
  readonly target: number;
  readonly bootId: string;
  readonly bug?: StoreBug;
}

export async function openStore(deps: Deps, settings: StoreSettings, place: Place): Promise<OpenedStore> {
  const { disk, crc } = deps;
  const { directory, target } = place;
  const superblock = await readSuperblock(deps, directory);
  if (superblock === undefined) throw foreignTarget(directory, "nobody formatted it");
  assertOwn(superblock, place, directory);
  // Whoever formatted it may have ended before its name was durable.
  await disk.syncDirectory(parentPath(directory));
  const salt = superblock.generation;
  const files = new BlockFiles({ disk }, blocksPath(directory), settings);
  try {
    await files.open();
    const base = newState(deps, files, settings);
    const checkpoints = { disk, crc, directory: checkpointPath(directory), salt };
    const segments = new SegmentFiles({ disk, crc }, journalPath(directory), {
      segmentBytes: settings.segmentBytes,
      salt,
    });
    const mark = await readBootMark(deps, directory, salt);
    const recovered = await recover(
      { disk, crc, place: checkpoints, segments, state: base.state },
      { target, salt, mayHaveHoles: mark !== undefined && hasLostPower(mark, place.bootId) },
    );
    const journal = await Journal.resume(
      { clock: deps.clock, crc, files: segments },
      { ...settings, ...bugged(settings, place), target, salt },
      recovered.end,
    );
    const opened = assemble(deps, {
      settings,
      place,
      superblock,
      files,
      base,
      journal,
      recovered,
      checkpoints,
    });
    if (recovered.isTailTorn) deps.probes.mark("store: a torn tail was cut");
    if (base.state.pendings.size > 0) deps.probes.mark("store: pending versions were found again");
    if (base.state.redo.size > 0) deps.probes.mark("store: images are written again");
    await begin(opened, { base, segments });
    return opened.store;
  } catch (error) {
    await files.close();
    throw error;
  }
}

interface Base {
  readonly state: StoreState;
  /** Where released blocks go, once the space is counted. */
  readonly release: { to: (block: number, batch: bigint) => void };
}

function newState({ clock }: Deps, files: BlockFiles, settings: StoreSettings): Base {
  // What is released while the journal is read back is counted afterwards, from what is left.
  const release: Base["release"] = { to: () => {} };
  const state = new StoreState({
    index: new ChunkIndex(),
    pendings: new PendingTable(),
    redo: new RedoTable(),
    dedupe: new DedupeTable({ nowMs: () => clock.monotonicMs() }),
    revoked: new RevokedTable(),
    truncated: new TruncatedTable(),
    sums: new SumTable({ files }, settings),
    released: (block, batch) => release.to(block, batch),
  });
  return { state, release };
}

interface Assembled {
  readonly store: OpenedStore;
  readonly space: BlockSpace;
  readonly marks: Marks;
}

function assemble(
  deps: Deps,
  made: {
    readonly settings: StoreSettings;
    readonly place: Place;
    readonly superblock: Superblock;
    readonly files: BlockFiles;
    readonly base: Base;
    readonly journal: Journal;
    readonly recovered: Recovered;
    readonly checkpoints: CheckpointPlace;
  },
): Assembled {
  const { settings, place, files, journal, recovered } = made;
  const { state } = made.base;
  const freeBytes = (): Promise<number> => deps.disk.freeBytes(place.directory);
  const space = new BlockSpace({ files, freeBytes, syncedBatch: () => journal.syncedBatch }, settings);
  let failure: unknown;
  const fail = (error: unknown): void => {
    if (failure !== undefined) return;
    failure = error;
    deps.log.error("the chunk store failed", { directory: place.directory, error: String(error) });
  };
  const applier = new PatchApplier(
    {
      redo: state.redo,
      write: (block, bytes, offset) => files.write(block, bytes, offset),
      pin: (block) => space.pin(block),
      drained: (block) => space.drained(block),
      durable: (batch) => journal.durable(batch),
      unhurried: async () => {
        if (deps.probes.buggify("store: images wait", 0.5)) await deps.clock.sleep(LATE_MS);
      },
      failed: fail,
    },
    settings,
  );
  const parts: StoreParts = {
    ...{ settings, clock: deps.clock, crc: deps.crc, probes: deps.probes, buffers: deps.buffers },
    ...{ files, space, state, journal, locks: new KeyLocks(), applier },
    ...{ bug: place.bug, fail },
  };
  const marks = newMarks(deps, made);
  const store: OpenedStore = {
    parts,
    place: made.checkpoints,
    manifest: recovered.manifest,
    recoveredBytes: recovered.batchBytes,
    report: {
      superblock: made.superblock,
      chunks: state.index.size,
      batches: recovered.batches,
      isTailTorn: recovered.isTailTorn,
      get isComplete() {
        return marks.isComplete();
      },
    },
    freeBytes,
    failure: () => failure,
    mark: (change) => marks.write(change),
    close: (isSound) => closeParts(parts, isSound, () => marks.write({ isClosed: true })),
  };
  return { store, space, marks };
}

interface MarkChange {
  readonly isClosed: boolean;
  readonly isComplete?: boolean;
}

interface Marks {
  isComplete(): boolean;
  write(change: MarkChange): Promise<void>;
  /** Takes over what the last one left. */
  load(): Promise<void>;
}

function newMarks(
  deps: Deps,
  made: { readonly settings: StoreSettings; readonly place: Place; readonly superblock: Superblock },
): Marks {
  const { directory, bootId } = made.place;
  const { generation } = made.superblock;
  const isReplicated = made.settings.durability === "replicated";
  let isComplete = false;
  let last: Promise<void> = Promise.resolve();
  const write = async (change: MarkChange): Promise<void> => {
    const next = change.isComplete ?? isComplete;
    const mark = { bootId, isReplicated, isClosed: change.isClosed, isComplete: next };
    await writeBootMark(deps, directory, { mark, generation });
    isComplete = next;
  };
  return {
    isComplete: () => isComplete,
    load: async () => {
      isComplete = isStillComplete(await readBootMark(deps, directory, generation), bootId);
    },
    // One after the other: the one that was asked for last counts.
    write: (change) => {
      const writing = last.then(() => write(change));
      last = writing.catch(() => {});
      return writing;
    },
  };
}

async function begin(
  opened: Assembled,
  { base, segments }: { base: Base; segments: SegmentFiles },
): Promise<void> {
  const { store, space, marks } = opened;
  const { state, applier } = store.parts;
  for (const redo of state.redo.all()) {
    if (state.index.get(redo.key)?.block !== redo.block) state.redo.drop(redo.key);
  }
  await space.load((visit) => eachBlock(state, visit));
  base.release.to = (block, batch) => space.release(block, batch);
  for (const { key } of state.redo.all()) applier.schedule(key);
  await removeOthers(store.place, store.manifest);
  await segments.removeBefore(store.manifest.firstSegment);
  await marks.load();
  await marks.write({ isClosed: false });
  // The first one after a start is made while the first operations run.
  void segments.prepare().catch(() => {});
}

/** Every block that a chunk has, committed or pending. */
function eachBlock(state: StoreState, visit: (sizeClass: number, index: number) => void): void {
  state.index.eachPacked((words) => {
    for (let at = 0; at < words.length; at += RECORD_WORDS) {
      if (words[at + 10] !== 0) visit(words[at + 10]!, words[at + 9]!);
    }
  });
  for (const pending of state.pendings.all()) {
    const block = ownBlockOf(pending);
    if (block !== undefined) visit(classOf(block), indexOf(block));
  }
}

async function closeParts(parts: StoreParts, isSound: boolean, mark: () => Promise<void>): Promise<void> {
  const { applier, files, journal } = parts;
  try {
    if (isSound) {
      await journal.sync();
      await applier.idle();
      await applier.stop();
      await files.syncAll();
      await journal.close();
      // On a full disk it cannot be written: the next start then does not count on what this one left.
      await mark().catch((error: unknown) => {
        if (!isPondError(error, "ENOSPC")) throw error;
      });
    } else {
      await applier.stop();
    }
  } finally {
    await journal.abandon();
    await files.close();
  }
}

/** The planted bug that tells of updates before they are durable. */
function bugged(settings: StoreSettings, place: Place): Pick<StoreSettings, "durability"> {
  return { durability: place.bug === "ack-before-sync" ? "replicated" : settings.durability };
}
