/** Items that are placed, in groups for messages: by node, each of as many items and bytes as a message may have. */
import type { NodeId } from "../../ids.ts";
import type { ChainView, Replica } from "./chain-map.ts";

/** Where an item is asked for. */
export interface Place {
  readonly replica: Replica;
  /** Of its chain, as the routing is when it is asked. */
  readonly view: ChainView;
}

export interface Placed {
  readonly bytes: number;
  /** Of the last try. */
  place: Place | undefined;
}

export interface Group<A> {
  readonly node: NodeId;
  readonly attempts: A[];
  bytes: number;
}

export function groupedByNode<A extends Placed>(
  attempts: readonly A[],
  settings: { readonly batchItemsMax: number; readonly batchBytesMax: number },
  wantsItsOwn: (attempt: A) => boolean = () => false,
): readonly Group<A>[] {
  const groups: Group<A>[] = [];
  const open = new Map<NodeId, Group<A>>();
  for (const attempt of attempts) {
    const { node } = attempt.place!.replica;
    const alone = wantsItsOwn(attempt);
    let group = alone ? undefined : open.get(node);
    const isFull =
      group === undefined ||
      group.attempts.length >= settings.batchItemsMax ||
      group.bytes + attempt.bytes > settings.batchBytesMax;
    if (group === undefined || isFull) {
      group = { node, attempts: [], bytes: 0 };
      groups.push(group);
      if (!alone) open.set(node, group);
    }
    group.attempts.push(attempt);
    group.bytes += attempt.bytes;
  }
  return groups;
}
