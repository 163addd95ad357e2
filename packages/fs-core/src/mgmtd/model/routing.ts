/**
 * What everybody has to know to find data: nodes, targets, chains and chain tables, with one version for all of it.
 * Each entry stands with the version in which it last changed, so whoever knows version `v` needs the entries after `v`
 * and no history is kept.
 */
import type { ChainId, ChainTableId, NodeId, TargetId } from "../../ids.ts";
import { bool, type Codec, list, struct, u64 } from "../../wire/codec/index.ts";
import { type Chain, chainCodec } from "./chain.ts";
import { type ChainTable, chainTableCodec } from "./chain-table.ts";
import { type NodeInfo, nodeInfoCodec } from "./node.ts";
import { type TargetInfo, targetInfoCodec } from "./target.ts";

/** A key of {@link RoutingInfo.tables}: `3.1` is version 1 of table 3. */
export type TableKey = string;

export interface RoutingInfo {
  /** Rises with each change. 0: nothing is known. */
  readonly version: bigint;
  readonly nodes: ReadonlyMap<NodeId, NodeInfo>;
  readonly targets: ReadonlyMap<TargetId, TargetInfo>;
  readonly chains: ReadonlyMap<ChainId, Chain>;
  /** Every version of every table. */
  readonly tables: ReadonlyMap<TableKey, ChainTable>;
}

/** What changed after one version, up to and including another. */
export interface RoutingChanges {
  /** What is known after they were applied, once `more` is false. */
  readonly version: bigint;
  /** There is more: ask again from `version`. Until then the whole is of no version. */
  readonly more: boolean;
  readonly nodes: readonly NodeInfo[];
  readonly targets: readonly TargetInfo[];
  readonly chains: readonly Chain[];
  readonly tables: readonly ChainTable[];
}

export const ROUTING_LIMITS: { readonly nodesMax: number; readonly entriesMax: number } = {
  nodesMax: 65_536,
  entriesMax: 1_000_000,
};

/** The fields of {@link RoutingChanges} in the order of their bytes. */
export const routingFields: {
  readonly [K in keyof RoutingChanges]: Codec<RoutingChanges[K]>;
} = {
  version: u64,
  more: bool,
  nodes: list(nodeInfoCodec, ROUTING_LIMITS.nodesMax),
  targets: list(targetInfoCodec, ROUTING_LIMITS.entriesMax),
  chains: list(chainCodec, ROUTING_LIMITS.entriesMax),
  tables: list(chainTableCodec, ROUTING_LIMITS.nodesMax),
};

export const routingChangesCodec: Codec<RoutingChanges> = struct(routingFields);

export function emptyRouting(): RoutingInfo {
  return { version: 0n, nodes: new Map(), targets: new Map(), chains: new Map(), tables: new Map() };
}

export function tableKeyOf(id: ChainTableId, version: number): TableKey {
  return `${id}.${version}`;
}

/** The routing after the changes. Shares what did not change. */
export function withChanges(routing: RoutingInfo, changes: RoutingChanges): RoutingInfo {
  return {
    version: changes.version,
    nodes: merged(routing.nodes, changes.nodes, (node) => node.id),
    targets: merged(routing.targets, changes.targets, (target) => target.id),
    chains: merged(routing.chains, changes.chains, (chain) => chain.id),
    tables: merged(routing.tables, changes.tables, (table) => tableKeyOf(table.id, table.version)),
  };
}

/** The newest version of a table that is known. */
export function latestTable(routing: RoutingInfo, id: ChainTableId): ChainTable | undefined {
  let latest: ChainTable | undefined;
  for (const table of routing.tables.values()) {
    if (table.id === id && (latest === undefined || table.version > latest.version)) latest = table;
  }
  return latest;
}

function merged<K, V>(
  old: ReadonlyMap<K, V>,
  changed: readonly V[],
  keyOf: (value: V) => K,
): ReadonlyMap<K, V> {
  if (changed.length === 0) return old;
  const map = new Map(old);
  for (const value of changed) map.set(keyOf(value), value);
  return map;
}
