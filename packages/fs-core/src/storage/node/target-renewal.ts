/**
 * Makes targets anew whose index or journal is damaged: nothing in their directories can be trusted, and everything that
 * counts is on the other replicas. Only where the chain goes on without the target and somebody serves in it; the others
 * then fill it as they fill a disk that was replaced. A replica that nobody can stand in for is left as it is, for people.
 */
import type { Clock, Disk, Probes, Random } from "@smallpond/base";
import type { TargetId } from "../../ids.ts";
import type { RoutingInfo } from "../../mgmtd/model/routing.ts";
import type { Logger } from "../../service/log.ts";
import type { Crc } from "../model/pages.ts";
import { formatTarget } from "../target/format-target.ts";
import { removeSuperblock } from "../target/superblock.ts";
import type { Target } from "./target.ts";

export interface RenewalDeps {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly random: Random;
  readonly crc: Crc;
  readonly log: Logger;
  readonly probes: Probes;
  /** As it was read after this process started. */
  readonly routing: () => RoutingInfo;
  /** Opens a target that has just been made. */
  readonly open: (target: Target) => Promise<void>;
}

/** How often it looks whether one may be made anew. */
const LOOK_MS = 2000;

export class TargetRenewal {
  readonly #deps: RenewalDeps;
  readonly #settings: { readonly cluster: string; readonly segmentBytes?: number };

  constructor(deps: RenewalDeps, settings: { readonly cluster: string; readonly segmentBytes?: number }) {
    this.#deps = deps;
    this.#settings = settings;
  }

  /** Until aborted or none of them is damaged any more. One that cannot be made, on a full disk perhaps, is tried again. */
  async run(targets: readonly Target[], { signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { clock, log, routing } = this.#deps;
    for (;;) {
      const damaged = targets.filter(({ isDamaged }) => isDamaged);
      if (damaged.length === 0) return;
      await clock.sleep(LOOK_MS, { signal }).catch(() => {});
      for (const target of damaged) {
        const { id, directory } = target.settings;
        if (signal.aborted) return;
        if (!isSpared(routing(), id)) continue;
        try {
          await this.#renew(target);
        } catch (error) {
          log.error("a damaged target cannot be made anew", { target: id, directory, error: String(error) });
        }
      }
    }
  }

  async #renew(target: Target): Promise<void> {
    const { id, directory } = target.settings;
    this.#deps.log.warn("a damaged target is made anew, for others to fill", { target: id, directory });
    // Stopped behind this, it is a target whose disk was replaced: whoever starts the node makes it anew.
    await removeSuperblock(this.#deps.disk, directory);
    await formatTarget(this.#deps, { ...this.#settings, directory, target: id, isComplete: false });
    await this.#deps.open(target);
    this.#deps.probes.mark("storage: a damaged target was made anew");
  }
}

/** Whether the target's chain goes on without it, served by another. */
export function isSpared(routing: RoutingInfo, target: TargetId): boolean {
  for (const { targets } of routing.chains.values()) {
    const own = targets.find((member) => member.target === target);
    if (own !== undefined) return own.state === "offline" && targets.some(({ state }) => state === "serving");
  }
  return false;
}
