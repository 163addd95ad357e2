/** Which replica is asked for bytes. */
import type { NodeId, TargetId } from "../../ids.ts";
import type { Replica } from "./chain-map.ts";

export interface ReplicaWish {
  /** They did not answer, or not now. */
  readonly avoid: readonly TargetId[];
  /** Their bytes are damaged. */
  readonly damaged: readonly TargetId[];
  /** Only the tail knows (I3). */
  readonly wantsTail: boolean;
}

export interface ReplicaPreference {
  readonly host: string | undefined;
  /** Bytes under way. */
  readonly loadOf: (node: NodeId) => number;
  /** Rises from choice to choice, so that equals take turns. */
  readonly turn: number;
}

/** One on this host, else the one with the least under way; undefined if there is none to ask. */
export function chooseReplica(
  serving: readonly Replica[],
  { avoid, damaged, wantsTail }: ReplicaWish,
  { host, loadOf, turn }: ReplicaPreference,
): Replica | undefined {
  const isOut = ({ target }: Replica): boolean => avoid.includes(target) || damaged.includes(target);
  const tail = serving.at(-1);
  if (wantsTail) return tail === undefined || isOut(tail) ? undefined : tail;
  let best: Replica | undefined;
  let bestLoad = Number.POSITIVE_INFINITY;
  for (let step = 0; step < serving.length; step++) {
    const replica = serving[(turn + step) % serving.length]!;
    if (isOut(replica)) continue;
    const load = replica.host === host ? -1 : loadOf(replica.node);
    if (load >= bestLoad) continue;
    best = replica;
    bestLoad = load;
  }
  return best;
}
