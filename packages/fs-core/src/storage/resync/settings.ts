/** What can be set about bringing replicas up to date. Milliseconds, bytes and counts. */
import { PROTOCOL_LIMITS } from "../protocol/common.ts";

export interface ResyncSettings {
  /** Chains of this node that are brought up to date at once; others wait for their turn. */
  readonly chainsMax: number;
  /** Chains that wait; a further one fails, and is tried again. */
  readonly chainsWaitingMax: number;
  /** Chunks of one chain that are sent, or removed, at once. */
  readonly chunksMax: number;
  /** Chunks compared at once, and entries of what is remembered that are sent at once. */
  readonly pageEntries: number;
  /** Of all chains together; 0: no limit. */
  readonly bytesPerSecond: number;
  /** What may go at once after a pause. */
  readonly burstBytes: number;
  /** One question to the replica. The last one makes everything durable there. */
  readonly questionMs: number;
  readonly endMs: number;
  /** Tries for one chunk before all of it fails and begins anew, and the pause after the first, doubling. */
  readonly attempts: number;
  readonly pauseMs: number;
}

export const DEFAULT_RESYNC_SETTINGS: ResyncSettings = {
  chainsMax: 8,
  chainsWaitingMax: 4096,
  chunksMax: 16,
  pageEntries: 1024,
  bytesPerSecond: 0,
  burstBytes: 64 * 2 ** 20,
  questionMs: 10_000,
  endMs: 120_000,
  attempts: 5,
  pauseMs: 100,
};

export function resyncSettings(changes: Partial<ResyncSettings> = {}): ResyncSettings {
  const settings = { ...DEFAULT_RESYNC_SETTINGS, ...changes };
  return { ...settings, pageEntries: Math.min(settings.pageEntries, PROTOCOL_LIMITS.entriesMax) };
}
