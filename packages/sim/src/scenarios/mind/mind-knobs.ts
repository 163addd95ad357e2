/** Tunables of cluster managers and of the store under them: everything quicker than it is in life, so that it meets. */
import type { MindSettings } from "@smallpond/fs-core";
import type { KnobValues } from "../../world/knobs.ts";

export const MIND_KNOBS = {
  nodeLeaseMs: { default: 3000, min: 1000, max: 6000 },
  heartbeatShare: { default: 0.2, min: 0.05, max: 0.4, fraction: true },
  managerLeaseMs: { default: 2000, min: 800, max: 4000 },
  judgeMs: { default: 300, min: 50, max: 1000 },
  clientSessionMs: { default: 1500, min: 300, max: 8000 },
  storeLeaseMs: { default: 1500, min: 500, max: 3000 },
  readMs: { default: 0.2, min: 0.01, max: 5, fraction: true },
  writeMs: { default: 1, min: 0.1, max: 20, fraction: true },
  storeTimeoutMs: { default: 300, min: 50, max: 1500 },
  clockDrift: { default: 0.0005, min: 0, max: 0.01, fraction: true },
} as const;

export function mindSettings(
  knobs: KnobValues<typeof MIND_KNOBS>,
): Pick<MindSettings, "metastore" | "mgmtd"> {
  return {
    metastore: {
      lease: {
        leaseMs: knobs.storeLeaseMs,
        renewMs: knobs.storeLeaseMs / 4,
        watchMs: knobs.storeLeaseMs / 10,
        clockDriftMax: knobs.clockDrift,
        storeMsMax: 1.5 * knobs.storeTimeoutMs,
        fateMsMax: 4 * knobs.storeLeaseMs,
      },
      remote: { callMs: 500, ownerMsMax: 5000 },
    },
    mgmtd: {
      leaseMs: knobs.managerLeaseMs,
      renewMs: knobs.managerLeaseMs / 4,
      nodeLeaseMs: knobs.nodeLeaseMs,
      heartbeatMs: Math.round(knobs.nodeLeaseMs * knobs.heartbeatShare),
      clockDriftMax: knobs.clockDrift,
      judgeMs: knobs.judgeMs,
      sessionMs: knobs.clientSessionMs,
    },
  };
}
