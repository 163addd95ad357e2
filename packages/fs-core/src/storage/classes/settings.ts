/** How a node's work is shared between classes of traffic. */
import { assert } from "@smallpond/base";
import type { TrafficClass } from "../protocol/common.ts";

export interface ClassSettings {
  /** Share of the node when others want it too; a class that wants nothing leaves its share to the others. */
  readonly weight: number;
  /** Part of `bytesInFlightMax` that it may have at once, so that who comes later finds room. Above 0, at most 1. */
  readonly inFlightPart: number;
  /** Pieces of work that wait; a further one is `STORE_BUSY`. */
  readonly waitingMax: number;
}

export interface ShareSettings {
  readonly classes: Readonly<Record<TrafficClass, ClassSettings>>;
  /** Work under way, counted in bytes; one piece alone may be larger. */
  readonly bytesInFlightMax: number;
  /** What each piece counts beside its bytes. */
  readonly pieceBytes: number;
  /** What a weight of 1 may do in one round. */
  readonly quantumBytes: number;
}

export const TRAFFIC_CLASSES: readonly TrafficClass[] = ["foreground", "resync", "cache", "control"];

export const DEFAULT_SHARE_SETTINGS: ShareSettings = {
  classes: {
    foreground: { weight: 16, inFlightPart: 1, waitingMax: 8192 },
    resync: { weight: 4, inFlightPart: 0.5, waitingMax: 1024 },
    cache: { weight: 4, inFlightPart: 0.5, waitingMax: 4096 },
    control: { weight: 8, inFlightPart: 1, waitingMax: 4096 },
  },
  bytesInFlightMax: 64 * 2 ** 20,
  pieceBytes: 4096,
  quantumBytes: 64 * 2 ** 10,
};

export function shareSettings(changes: Partial<ShareSettings> = {}): ShareSettings {
  const settings = { ...DEFAULT_SHARE_SETTINGS, ...changes };
  for (const name of TRAFFIC_CLASSES) {
    const { weight, inFlightPart, waitingMax } = settings.classes[name];
    assert(weight > 0, `class ${name} has a weight above 0, not ${weight}`);
    assert(
      inFlightPart > 0 && inFlightPart <= 1,
      `class ${name} may have a part up to 1, not ${inFlightPart}`,
    );
    assert(Number.isSafeInteger(waitingMax) && waitingMax >= 0, `class ${name} has a bound on what waits`);
  }
  assert(settings.quantumBytes > 0, "a round does something");
  return settings;
}
