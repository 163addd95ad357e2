/** Where chunks are: computed from a file's layout and the routing as it is at the moment. */
import { assert, type NetAddress } from "@smallpond/base";
import type { ChainId, ChainVersion, TargetId } from "../../ids.ts";
import type { FileData } from "../../meta/collect/chunk-service.ts";
import type { Layout } from "../../meta/model/inode.ts";
import type { Chain } from "../../mgmtd/model/chain.ts";
import { chainsOf } from "../../mgmtd/model/chains-of.ts";
import { type RoutingInfo, tableKeyOf } from "../../mgmtd/model/routing.ts";

/** A replica that serves. */
export interface ReplicaPlace {
  readonly target: TargetId;
  readonly address: NetAddress;
  /** Of its node. */
  readonly host: string;
}

export interface ChainPlace {
  readonly chain: ChainId;
  readonly chainVersion: ChainVersion;
  /** The head first, the tail last. Empty when nobody serves, or where they are is not known. */
  readonly serving: readonly ReplicaPlace[];
}

/** Stripes of layouts that were computed; those asked for longest ago go. */
const STRIPES_MAX = 4096;

export class ChainPlaces {
  readonly #routing: () => RoutingInfo;
  readonly #stripes: Map<string, readonly ChainId[]> = new Map();

  /** The routing as it is known when asked. */
  constructor(routing: () => RoutingInfo) {
    this.#routing = routing;
  }

  /** The chains that the file lies on, in order; undefined while the routing does not have its table. */
  stripeOf(layout: Layout): readonly ChainId[] | undefined {
    const key = `${layout.table}.${layout.tableVersion}.${layout.stripe}.${layout.seed}`;
    const known = this.#stripes.get(key);
    if (known !== undefined) return known;
    const table = this.#routing().tables.get(tableKeyOf(layout.table, layout.tableVersion));
    if (table === undefined) return undefined;
    const stripe = chainsOf(layout, table);
    this.#stripes.set(key, stripe);
    if (this.#stripes.size > STRIPES_MAX) this.#stripes.delete(this.#stripes.keys().next().value!);
    return stripe;
  }

  chainOf({ layout }: FileData, chunk: number): ChainId | undefined {
    const stripe = this.stripeOf(layout);
    assert(stripe === undefined || stripe.length === layout.stripe, "a stripe is as long as its layout says");
    return stripe?.[chunk % stripe.length];
  }

  placeOf(chain: ChainId): ChainPlace | undefined {
    const found = this.#routing().chains.get(chain);
    return found && { chain, chainVersion: found.version, serving: this.#serving(found) };
  }

  /** All chains there are. */
  chains(): readonly ChainId[] {
    return [...this.#routing().chains.keys()];
  }

  #serving(chain: Chain): readonly ReplicaPlace[] {
    const { targets, nodes } = this.#routing();
    const places: ReplicaPlace[] = [];
    for (const { target, state } of chain.targets) {
      if (state !== "serving") continue;
      const info = targets.get(target);
      const node = info && nodes.get(info.node);
      const address = node?.addresses[0];
      // Head and tail are by their place: with one missing nobody could be sure which is which.
      if (node === undefined || address === undefined) return [];
      places.push({ target, address, host: node.host });
    }
    return places;
  }
}
