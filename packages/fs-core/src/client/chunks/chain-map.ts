/** Where chunks are: the chain of a chunk by its file's layout, and who serves in that chain now. */
import type { NetAddress } from "@smallpond/base";
import type { ChainId, ChainVersion, NodeId, TargetId } from "../../ids.ts";
import type { Layout } from "../../meta/model/inode.ts";
import { chainsOf } from "../../mgmtd/model/chains-of.ts";
import { type RoutingInfo, tableKeyOf } from "../../mgmtd/model/routing.ts";
import type { RoutingView } from "./deps.ts";

export interface Replica {
  readonly target: TargetId;
  readonly node: NodeId;
  /** At least one. */
  readonly addresses: readonly NetAddress[];
  readonly host: string;
}

/** A chain in one version, as far as clients are concerned. */
export interface ChainView {
  readonly chain: ChainId;
  readonly version: ChainVersion;
  /** The head first, the tail last; none if nobody serves. */
  readonly serving: readonly Replica[];
}

/** What it looked up it keeps: chains of a layout for as long as the layout object, views until the routing changes. */
export class ChainMap {
  readonly #routing: RoutingView;
  readonly #stripes: WeakMap<Layout, readonly ChainId[]> = new WeakMap();
  #views: Map<ChainId, ChainView> = new Map();
  #viewsOf: RoutingInfo | undefined;

  constructor(routing: RoutingView) {
    this.#routing = routing;
  }

  /** The stripe's chains; chunk `c` is on number `c mod stripe`. Undefined while the layout's table is not known here. */
  chainsOf(layout: Layout): readonly ChainId[] | undefined {
    const known = this.#stripes.get(layout);
    if (known !== undefined) return known;
    const table = this.#routing.routing.tables.get(tableKeyOf(layout.table, layout.tableVersion));
    if (table === undefined) return undefined;
    const chains = chainsOf(layout, table);
    this.#stripes.set(layout, chains);
    return chains;
  }

  chainOf(layout: Layout, chunk: number): ChainId | undefined {
    return this.chainsOf(layout)?.[chunk % layout.stripe];
  }

  /** Undefined while the chain is not known here. */
  viewOf(chain: ChainId): ChainView | undefined {
    const { routing } = this.#routing;
    if (this.#viewsOf !== routing) {
      this.#viewsOf = routing;
      this.#views = new Map();
    }
    let view = this.#views.get(chain);
    if (view === undefined) {
      view = viewIn(routing, chain);
      if (view !== undefined) this.#views.set(chain, view);
    }
    return view;
  }
}

function viewIn(routing: RoutingInfo, id: ChainId): ChainView | undefined {
  const chain = routing.chains.get(id);
  if (chain === undefined) return undefined;
  const serving: Replica[] = [];
  for (const { target, state } of chain.targets) {
    if (state !== "serving") continue;
    const node = routing.nodes.get(routing.targets.get(target)?.node ?? (0 as NodeId));
    // A head or tail that cannot be named is none, and nobody may stand in for it.
    if (node === undefined || node.addresses.length === 0)
      return { chain: id, version: chain.version, serving: [] };
    serving.push({ target, node: node.id, addresses: node.addresses, host: node.host });
  }
  return { chain: id, version: chain.version, serving };
}
