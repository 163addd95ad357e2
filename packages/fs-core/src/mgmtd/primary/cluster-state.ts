/**
 * Everything the primary knows of what is stored: the routing, and which entry changed in which version. It is what the
 * store holds after the last commit; changes come in by {@link ClusterState.apply} once they are durable.
 */
import { assert } from "@smallpond/base";
import type { ChainId, NodeId, TargetId } from "../../ids.ts";
import type { Chain } from "../model/chain.ts";
import type { ChainTable } from "../model/chain-table.ts";
import type { NodeInfo } from "../model/node.ts";
import { type RoutingChanges, type RoutingInfo, type TableKey, tableKeyOf } from "../model/routing.ts";
import type { TargetInfo } from "../model/target.ts";
import type { Changed } from "../rows/changed-row.ts";

/** Entries that change together, in one transaction and one version. */
export interface ClusterChange {
  readonly nodes?: readonly NodeInfo[];
  readonly targets?: readonly TargetInfo[];
  readonly chains?: readonly Chain[];
  readonly tables?: readonly ChainTable[];
}

export interface StoredCluster {
  readonly version: bigint;
  readonly nodes: readonly Changed<NodeInfo>[];
  readonly targets: readonly Changed<TargetInfo>[];
  readonly chains: readonly Changed<Chain>[];
  readonly tables: readonly Changed<ChainTable>[];
}

type Kind = "nodes" | "targets" | "chains" | "tables";

/** How many small entries one of these may be as long as: answers have a maximum of bytes. */
const WEIGHTS: Readonly<Record<Kind, number>> = { nodes: 32, targets: 1, chains: 1, tables: 256 };

/** Says that an entry changed in a version; it counts only while it is the entry's last one. */
interface Event {
  readonly version: bigint;
  readonly kind: Kind;
  readonly id: number | TableKey;
}

export class ClusterState implements RoutingInfo {
  #version: bigint;
  readonly #nodes: Map<NodeId, NodeInfo> = new Map();
  readonly #targets: Map<TargetId, TargetInfo> = new Map();
  readonly #chains: Map<ChainId, Chain> = new Map();
  readonly #tables: Map<TableKey, ChainTable> = new Map();
  /** In order of versions. */
  #events: Event[] = [];
  readonly #lastEvent: Map<string, Event> = new Map();
  /** The chain of each target that is in one. */
  readonly #chainOf: Map<TargetId, ChainId> = new Map();

  constructor(stored: StoredCluster) {
    this.#version = stored.version;
    const events: Event[] = [];
    for (const kind of ["nodes", "targets", "chains", "tables"] as const) {
      for (const { changed, value } of stored[kind]) {
        const event: Event = { version: changed, kind, id: this.#put(kind, value) };
        events.push(event);
        this.#lastEvent.set(`${kind} ${event.id}`, event);
      }
    }
    this.#events = events.sort((a, b) => (a.version < b.version ? -1 : a.version > b.version ? 1 : 0));
  }

  get version(): bigint {
    return this.#version;
  }

  get nodes(): ReadonlyMap<NodeId, NodeInfo> {
    return this.#nodes;
  }

  get targets(): ReadonlyMap<TargetId, TargetInfo> {
    return this.#targets;
  }

  get chains(): ReadonlyMap<ChainId, Chain> {
    return this.#chains;
  }

  get tables(): ReadonlyMap<TableKey, ChainTable> {
    return this.#tables;
  }

  chainOf(target: TargetId): Chain | undefined {
    const id = this.#chainOf.get(target);
    return id === undefined ? undefined : this.#chains.get(id);
  }

  /** Takes in what a commit wrote as `version`. */
  apply(change: ClusterChange, version: bigint): void {
    assert(version > this.#version, `version ${version} after ${this.#version}`);
    this.#version = version;
    for (const kind of ["nodes", "targets", "chains", "tables"] as const) {
      for (const value of change[kind] ?? []) {
        const event: Event = { version, kind, id: this.#put(kind, value) };
        this.#events.push(event);
        this.#lastEvent.set(`${kind} ${event.id}`, event);
      }
    }
    if (this.#events.length > 2 * this.#lastEvent.size + 1024) {
      this.#events = this.#events.filter((event) => this.#isLast(event));
    }
  }

  /** What changed after a version, oldest first, at most about `entriesMax` entries: one version's stay together. */
  changesAfter(since: bigint, entriesMax: number): RoutingChanges {
    const nodes: NodeInfo[] = [];
    const targets: TargetInfo[] = [];
    const chains: Chain[] = [];
    const tables: ChainTable[] = [];
    let count = 0;
    let reached = since;
    for (let at = this.#firstAfter(since); at < this.#events.length; at++) {
      const event = this.#events[at]!;
      if (count >= entriesMax && event.version !== reached) {
        return { version: reached, more: true, nodes, targets, chains, tables };
      }
      reached = event.version;
      if (!this.#isLast(event)) continue;
      count += WEIGHTS[event.kind];
      if (event.kind === "nodes") nodes.push(this.#nodes.get(event.id as NodeId)!);
      else if (event.kind === "targets") targets.push(this.#targets.get(event.id as TargetId)!);
      else if (event.kind === "chains") chains.push(this.#chains.get(event.id as ChainId)!);
      else tables.push(this.#tables.get(event.id as TableKey)!);
    }
    return { version: this.#version, more: false, nodes, targets, chains, tables };
  }

  #isLast(event: Event): boolean {
    return this.#lastEvent.get(`${event.kind} ${event.id}`) === event;
  }

  #firstAfter(since: bigint): number {
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#events[middle]!.version <= since) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #put(kind: Kind, value: NodeInfo | TargetInfo | Chain | ChainTable): number | TableKey {
    if (kind === "tables") {
      const table = value as ChainTable;
      const id = tableKeyOf(table.id, table.version);
      this.#tables.set(id, table);
      return id;
    }
    if (kind === "nodes") this.#nodes.set(value.id as NodeId, value as NodeInfo);
    else if (kind === "targets") this.#targets.set(value.id as TargetId, value as TargetInfo);
    else this.#putChain(value as Chain);
    return value.id;
  }

  #putChain(chain: Chain): void {
    for (const { target } of this.#chains.get(chain.id)?.targets ?? []) this.#chainOf.delete(target);
    for (const { target } of chain.targets) this.#chainOf.set(target, chain.id);
    this.#chains.set(chain.id, chain);
  }
}
