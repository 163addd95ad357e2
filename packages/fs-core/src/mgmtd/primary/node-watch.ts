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
import { isWhole } from "../chain/next-chain.ts";
import type { Observation } from "../chain/ripe.ts";
import type { Chain } from "../model/chain.ts";
import type { Incarnation, NodeInfo } from "../model/node.ts";
import { ANY_VERSION, type TargetReport } from "../model/report.ts";
import type { TargetInfo } from "../model/target.ts";

export interface Beat {
  readonly incarnation: Incarnation;
  readonly version: bigint;
  readonly atMs: number;
  readonly configVersion: number;
  readonly configError: string | undefined;
  readonly targets: ReadonlyMap<TargetId, TargetReport>;
}

/** A heartbeat, and since when each target is not whole by its node's word. */
interface NotedBeat extends Beat {
  readonly lostSinceMs: ReadonlyMap<TargetId, number>;
}

/** A life that has ended, and when that was said. */
interface Death {
  readonly incarnation: Incarnation;
  readonly atMs: number;
}

export interface NodeWatchSettings {
  /** The primary's milliseconds after which a node that was silent since has no lease. */
  readonly outlastedMs: number;
  /** Of a node that the term before granted its lease. */
  readonly grantedOutlastedMs: number;
  /** When the term began. */
  readonly startedMs: number;
  /** The primary's own node. */
  readonly self: NodeId;
}

export class NodeWatch {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #settings: NodeWatchSettings;
  readonly #beats: Map<NodeId, NotedBeat> = new Map();
  /** The last life of a node that a supervisor said has ended. */
  readonly #dead: Map<NodeId, Death> = new Map();

  constructor(deps: { readonly clock: Pick<Clock, "monotonicMs"> }, settings: NodeWatchSettings) {
    this.#clock = deps.clock;
    this.#settings = settings;
  }

  last(node: NodeId): Beat | undefined {
    return this.#beats.get(node);
  }

  heard(node: NodeId, beat: Beat): void {
    const before = this.#beats.get(node);
    const lostSinceMs = new Map<TargetId, number>();
    for (const { target, local, chainVersion } of beat.targets.values()) {
      if (isWhole(local)) continue;
      // What was said of an earlier version says nothing of this one.
      const isSame = before?.targets.get(target)?.chainVersion === chainVersion;
      lostSinceMs.set(target, (isSame ? before?.lostSinceMs.get(target) : undefined) ?? beat.atMs);
    }
    this.#beats.set(node, { ...beat, lostSinceMs });
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
    if (!this.isDead(node, incarnation))
      this.#dead.set(node, { incarnation, atMs: this.#clock.monotonicMs() });
  }

  isDead(node: NodeId, incarnation: Incarnation): boolean {
    return this.#dead.get(node)?.incarnation === incarnation;
  }

  /** Whether the node certainly serves nothing: its process was seen dead, or its lease has run out. */
  isGone(node: NodeInfo): boolean {
    return this.#clock.monotonicMs() > this.#goneMs(node);
  }

  /** From when on the node certainly serves nothing, if it is not heard of again. */
  #goneMs(node: NodeInfo): number {
    const beat = this.#beats.get(node.id);
    const death = this.#dead.get(node.id);
    // Known at once, and not only a moment later.
    if (death?.incarnation === (beat?.incarnation ?? node.incarnation)) return death.atMs - 1;
    const { startedMs, outlastedMs, grantedOutlastedMs } = this.#settings;
    // Whoever was heard of in this term may have a longer lease of the term before.
    const grantedMs = startedMs + grantedOutlastedMs;
    return beat === undefined ? grantedMs : Math.max(grantedMs, beat.atMs + outlastedMs);
  }

  /** What is known of a replica of the chain; nothing if its node was not heard of yet. */
  observe(target: TargetInfo, node: NodeInfo, chain: Chain): Observation | undefined {
    const goneMs = this.#goneMs(node);
    if (this.#clock.monotonicMs() > goneMs) return { local: "offline", knownMs: goneMs };
    const beat = this.#beats.get(node.id);
    if (beat === undefined) return undefined;
    const report = beat.targets.get(target.id);
    // By its word the node does not have it; it may never have named it.
    if (report === undefined) return { local: "offline", knownMs: Number.NEGATIVE_INFINITY };
    if (isOutdated(report, chain)) return { local: "online", knownMs: beat.atMs };
    return { local: report.local, knownMs: beat.lostSinceMs.get(target.id) ?? beat.atMs };
  }
}

/**
 * Whether what is said of a version does not hold in the chain's present one. To be alive is true in any. To have everything
 * means everything of one version. And who said that it serves nothing, and then sees a later version in which it serves, may
 * serve there: it stays until it has said so again.
 */
function isOutdated({ target, local, chainVersion }: TargetReport, chain: Chain): boolean {
  if (chainVersion === chain.version) return false;
  if (local === "upToDate") return true;
  if (local !== "offline" || chainVersion === ANY_VERSION) return false;
  return chain.targets.some((member) => member.target === target && member.state === "serving");
}
