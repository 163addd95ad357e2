/** Tunables of the metadata service and its clients: everything quicker than it is in life, so that it meets. */
import type { MetaSettingsChanges } from "@smallpond/fs-core";
import type { KnobValues } from "../../world/knobs.ts";
import { MIND_KNOBS } from "../mind/mind-knobs.ts";

const OWN_KNOBS = {
  minds: { default: 3, min: 1, max: 3 },
  clients: { default: 4, min: 1, max: 6 },
  appenders: { default: 2, min: 0, max: 3 },
  dataFiles: { default: 1, min: 1, max: 2 },
  lockers: { default: 2, min: 0, max: 3 },
  lockFiles: { default: 1, min: 1, max: 2 },
  lookMs: { default: 1000, min: 50, max: 3000 },
  holdMs: { default: 100, min: 5, max: 1000 },
  thinkMs: { default: 30, min: 5, max: 200 },
  attemptMs: { default: 1000, min: 100, max: 3000 },
  operationMs: { default: 10_000, min: 500, max: 20_000 },
  collectMs: { default: 300, min: 50, max: 2000 },
  // Longer than any client goes on sending a request.
  requestSlotMs: { default: 45_000, min: 40_000, max: 600_000 },
  garbageDelayMs: { default: 500, min: 0, max: 5000 },
  faultMs: { default: 12_000, min: 3000, max: 30_000 },
  quietMs: { default: 1500, min: 100, max: 6000 },
  strikeMs: { default: 1500, min: 100, max: 8000 },
} as const;

export const META_KNOBS: typeof MIND_KNOBS & typeof OWN_KNOBS = { ...MIND_KNOBS, ...OWN_KNOBS };

export type MetaKnobs = KnobValues<typeof META_KNOBS>;

export function metaSettings(knobs: MetaKnobs): MetaSettingsChanges {
  return {
    namespace: { garbageDelayMs: knobs.garbageDelayMs },
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
    requestSlotMs: knobs.requestSlotMs,
  };
}
