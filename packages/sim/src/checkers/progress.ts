/** Progress: once nothing is broken any more, things get done again. */
import { PondError } from "@smallpond/base";
import type { SimWorld } from "../world/world.ts";

export interface ProgressDemand {
  /** What has to happen, for the message. */
  readonly what: string;
  readonly withinMs: number;
  /** Whether it has happened. Looked at after every `pollMs` of true time. */
  readonly done: () => boolean;
}

const POLL_MS = 20;

/** Waits until it has happened; throws `NO_PROGRESS` if it does not within the time. */
export async function demandProgress(world: SimWorld, demand: ProgressDemand): Promise<void> {
  const sinceMs = world.scheduler.nowMs;
  while (!demand.done()) {
    if (world.scheduler.nowMs - sinceMs > demand.withinMs) {
      throw new PondError("NO_PROGRESS", {
        kind: "internal",
        message: `${demand.what} did not happen within ${demand.withinMs} ms after everything was healed`,
      });
    }
    await world.sleep(POLL_MS);
  }
}
