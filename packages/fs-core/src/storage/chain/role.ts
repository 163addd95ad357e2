/** What a replica is to its chain, and who stands beside it: read off the routing, decided by nobody here. */
import type { ChainId, ChainVersion, TargetId } from "../../ids.ts";
import type { Chain } from "../../mgmtd/model/chain.ts";

export interface Successor {
  readonly target: TargetId;
  /** It is being brought up to date: it gets whole chunks, and commits at once. */
  readonly syncs: boolean;
}

export type Role =
  | {
      readonly kind: "serving";
      readonly isHead: boolean;
      /** The last that serves; somebody who syncs may stand behind it. */
      readonly isTail: boolean;
      readonly successor: Successor | undefined;
      /** The other ones that serve: whom to fetch a damaged chunk from. */
      readonly others: readonly TargetId[];
    }
  | { readonly kind: "syncing"; readonly predecessor: TargetId }
  /** Neither read nor written, and tells others nothing: waits, is offline, a last server, not open, or in no chain. */
  | { readonly kind: "idle" };

/** Where a replica stands in one version of its chain. */
export interface Place {
  readonly chain: ChainId;
  readonly version: ChainVersion;
  /** Whether the chain knows of this life of the process. In a version that counts on the life before it is idle. */
  readonly isOpen: boolean;
  readonly role: Role;
}

export function placeIn(chain: Chain, target: TargetId, isOpen: boolean): Place {
  const role: Role = isOpen ? roleIn(chain, target) : { kind: "idle" };
  return { chain: chain.id, version: chain.version, isOpen, role };
}

export function roleIn(chain: Chain, target: TargetId): Role {
  const serving = chain.targets.filter(({ state }) => state === "serving").map((each) => each.target);
  const syncing = chain.targets.find(({ state }) => state === "syncing")?.target;
  const at = serving.indexOf(target);
  if (at >= 0) {
    const isTail = at === serving.length - 1;
    const next = isTail ? syncing : serving[at + 1];
    const others = serving.filter((other) => other !== target);
    const successor = next === undefined ? undefined : { target: next, syncs: isTail };
    return { kind: "serving", isHead: at === 0, isTail, successor, others };
  }
  const tail = serving.at(-1);
  if (syncing === target && tail !== undefined) return { kind: "syncing", predecessor: tail };
  return { kind: "idle" };
}
