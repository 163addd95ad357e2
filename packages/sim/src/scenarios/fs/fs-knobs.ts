/** Tunables of the whole file system: everything quicker and smaller than it is in life, so that it meets. */
import {
  DEFAULT_DSCP_MARKS,
  type MetaSettingsChanges,
  type RpcClientsSettings,
  type StorageNodeSettings,
  type StoreSettings,
} from "@smallpond/fs-core";
import type { KnobValues } from "../../world/knobs.ts";
import { MIND_KNOBS } from "../mind/mind-knobs.ts";

const OWN_KNOBS = {
  minds: { default: 2, min: 1, max: 3 },
  nodes: { default: 3, min: 2, max: 5 },
  chains: { default: 2, min: 1, max: 4 },
  replicas: { default: 3, min: 1, max: 3 },
  stripe: { default: 2, min: 1, max: 4 },
  clients: { default: 3, min: 1, max: 4 },
  files: { default: 2, min: 1, max: 4 },
  /** Of the largest file that is written at random places. */
  chunksMax: { default: 3, min: 1, max: 6 },
  thinkMs: { default: 40, min: 5, max: 300 },
  attemptMs: { default: 1000, min: 200, max: 3000 },
  operationMs: { default: 8000, min: 2000, max: 15_000 },
  /** What clients do with chunks is given up earlier: while copies of it are still under way. */
  giveUpMs: { default: 500, min: 200, max: 15_000 },
  /** Between two tries: time for others to see what the first one did. */
  retryMs: { default: 100, min: 10, max: 800 },
  /** Share of reads and writes that meet in one place. */
  hot: { default: 0.6, min: 0, max: 0.9, fraction: true },
  /** Of clients that went away for long. */
  sleepMs: { default: 4000, min: 500, max: 12_000 },
  collectMs: { default: 300, min: 50, max: 2000 },
  garbageDelayMs: { default: 300, min: 0, max: 2000 },
  patienceMs: { default: 1000, min: 100, max: 3000 },
  forwardMs: { default: 1500, min: 200, max: 5000 },
  resyncMs: { default: 200, min: 20, max: 1000 },
  careMs: { default: 20_000, min: 1000, max: 100_000 },
  whimMs: { default: 4000, min: 500, max: 10_000 },
  supervised: { default: 0, min: 0, max: 1, fraction: true },
  near: { default: 0, min: 0, max: 1, fraction: true },
  segmentKiB: { default: 1024, min: 512, max: 4096 },
  checkpointKiB: { default: 2048, min: 512, max: 8192 },
  sumCacheBytes: { default: 65_536, min: 0, max: 65_536 },
  replicated: { default: 0, min: 0, max: 1, fraction: true },
  faultMs: { default: 8000, min: 2000, max: 20_000 },
  quietMs: { default: 1200, min: 150, max: 5000 },
  strikeMs: { default: 1000, min: 50, max: 6000 },
  marked: { default: 0, min: 0, max: 1, fraction: true },
} as const;

export const FS_KNOBS: typeof MIND_KNOBS & typeof OWN_KNOBS = { ...MIND_KNOBS, ...OWN_KNOBS };

export type FsKnobs = KnobValues<typeof FS_KNOBS>;

const KiB = 1024;
export const CHUNK_BYTES: number = 64 * KiB;

export function fsMetaSettings(knobs: FsKnobs): MetaSettingsChanges {
  return {
    namespace: { garbageDelayMs: knobs.garbageDelayMs, chunkBytes: CHUNK_BYTES, stripe: knobs.stripe },
    collect: {
      everyMs: knobs.collectMs,
      openRetryMs: 2000,
      retryMs: 200,
      retryMsMax: 2000,
      entriesPerStep: 3,
    },
    sessions: { clientGraceMs: 400, reapEveryMs: 300, spillMs: 3000 },
    members: { beatMs: 400, deadMs: 2000 },
    locks: { waitMs: 500, lookEveryMs: 50, waiterStaleMs: 3000 },
    space: { everyMs: 2000 },
    sweepEveryMs: 1000,
    requestSlotMs: 45_000,
  };
}

export function fsChainSettings(
  knobs: FsKnobs,
): Pick<StorageNodeSettings, "chain" | "resync" | "repair" | "care"> {
  const { patienceMs, forwardMs, resyncMs, careMs } = knobs;
  return {
    chain: { patienceMs, forwardMs, resyncPauseMs: resyncMs },
    resync: { questionMs: forwardMs, endMs: 2 * forwardMs, pauseMs: 20, pageEntries: 8 },
    repair: { fetchMs: forwardMs, retryMsMax: 2000 },
    care: { cycleMs: careMs, forgetMs: careMs / 4, compactMs: careMs / 2 },
  };
}

/** Bytes of a storage node's disk: a full one is near. */
export const DISK_BYTES: number = 128 * KiB * KiB;

/** Whether updates count before they are durable here. */
export function isReplicated({ replicated }: Pick<FsKnobs, "replicated">): boolean {
  return replicated >= 0.7;
}

/** Whether bulk bytes go by memory, as between processes of one machine. */
export function isNear({ near }: Pick<FsKnobs, "near">): boolean {
  return near >= 0.2;
}

/** Whether classes of traffic have connections of their own, as between machines. */
export function fsRpcSettings({ marked }: Pick<FsKnobs, "marked">): RpcClientsSettings {
  return marked >= 0.2 ? { marks: DEFAULT_DSCP_MARKS } : {};
}

export function fsStoreSettings(knobs: FsKnobs): Partial<StoreSettings> {
  return {
    durability: isReplicated(knobs) ? "replicated" : "fsync",
    flushMs: 50,
    segmentBytes: knobs.segmentKiB * KiB,
    batchBytesMax: 200 * KiB,
    checkpointBytes: knobs.checkpointKiB * KiB,
    shardBytes: 64 * KiB,
    checkpointStepBytes: 64 * KiB,
    stepBytes: 64 * KiB,
    blockFileBytes: 1024 * KiB,
    growBytes: 256 * KiB,
    reserveBytes: 2048 * KiB,
    sumCacheBytes: knobs.sumCacheBytes,
    redoBytesMax: 512 * KiB,
    applyMax: 4,
  };
}
