/**
 * Who was heard of in this term, and what it said. It lives in the primary's memory: a new primary begins with nothing
 * known, and takes every node for one that was heard of just before the election.
 *
 * Times are of the primary's own monotonic clock. A node counts its lease from when it sent a heartbeat, the primary from
 * when it received it, which is later, and the primary waits for what clocks may differ by on top: when it takes a lease
 * to have run out, it has.
 */
import type { Clock } from "@smallpond/base";
import type { NodeId, TargetId } from "../../ids.ts";
import type { Observation } from "../chain/ripe.ts";
import type { Chain } from "../model/chain.ts";
import type { Incarnation, NodeInfo } from "../model/node.ts";
import type { TargetReport } from "../model/report.ts";
import type { TargetInfo } from "../model/target.ts";

export interface Beat {
  readonly incarnation: Incarnation;
  readonly version: bigint;
  readonly atMs: number;
  readonly configVersion: number;
  readonly configError: string | undefined;
  readonly targets: ReadonlyMap<TargetId, TargetReport>;
}

export interface NodeWatchSettings {
  /** The primary's milliseconds after which a node that was silent since has no lease. */
  readonly outlastedMs: number;
  /** Of a node that the term before granted its lease. */
  readonly grantedOutlastedMs: number;
  /** A node is doubtful when it was silent for longer. */
  readonly freshMs: number;
  /** When the term began. */
  readonly startedMs: number;
  /** The primary's own node. */
  readonly self: NodeId;
}

export class NodeWatch {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #settings: NodeWatchSettings;
  readonly #beats: Map<NodeId, Beat> = new Map();
  /** The last life of a node that a supervisor said has ended. */
  readonly #dead: Map<NodeId, Incarnation> = new Map();

  constructor(deps: { readonly clock: Pick<Clock, "monotonicMs"> }, settings: NodeWatchSettings) {
    this.#clock = deps.clock;
    this.#settings = settings;
  }

  last(node: NodeId): Beat | undefined {
    return this.#beats.get(node);
  }

  heard(node: NodeId, beat: Beat): void {
    this.#beats.set(node, beat);
  }

  /**
   * Whether most of the nodes that were heard of lately have been silent for `silentMs`, and several of them: it is more
   * likely that they cannot reach this primary than that all of them died at once. Its own node always reaches it.
   */
  isDeaf(silentMs: number): boolean {
    const { outlastedMs, self } = this.#settings;
    const nowMs = this.#clock.monotonicMs();
    let silent = 0;
    let heard = 0;
    for (const [node, { atMs }] of this.#beats) {
      if (node === self || nowMs - atMs >= outlastedMs) continue;
      if (nowMs - atMs < silentMs) heard += 1;
      else silent += 1;
    }
    return silent >= 2 && silent > heard;
  }

  /** A supervisor saw this life end. */
  reportDead(node: NodeId, incarnation: Incarnation): void {
    this.#dead.set(node, incarnation);
  }

  isDead(node: NodeId, incarnation: Incarnation): boolean {
    return this.#dead.get(node) === incarnation;
  }

  /** Whether the node certainly serves nothing: its process was seen dead, or its lease has run out. */
  isGone(node: NodeInfo): boolean {
    const beat = this.#beats.get(node.id);
    if (this.isDead(node.id, beat?.incarnation ?? node.incarnation)) return true;
    const { startedMs, outlastedMs, grantedOutlastedMs } = this.#settings;
    const nowMs = this.#clock.monotonicMs();
    // Whoever was heard of in this term may have a longer lease of the term before.
    if (nowMs - startedMs <= grantedOutlastedMs) return false;
    return beat === undefined || nowMs - beat.atMs > outlastedMs;
  }

  /** What is known of a replica of the chain; nothing if its node was not heard of yet. */
  observe(target: TargetInfo, node: NodeInfo, chain: Chain): Observation | undefined {
    if (this.isGone(node)) return { local: "offline", fresh: true };
    const beat = this.#beats.get(node.id);
    if (beat === undefined) return undefined;
    const fresh = this.#clock.monotonicMs() - beat.atMs <= this.#settings.freshMs;
    const report = beat.targets.get(target.id);
    if (report === undefined) return { local: "offline", fresh };
    // To have everything means everything of one version; to be alive, or not to take part, is true in any.
    const outdated = report.local === "upToDate" && report.chainVersion !== chain.version;
    return { local: outdated ? "online" : report.local, fresh };
  }
}
