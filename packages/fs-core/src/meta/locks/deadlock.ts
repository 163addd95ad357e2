/**
 * The search for a circle of owners who wait for each other. It reads rows of other files on the way; the transaction
 * conflicts with them, so that of two requests that close a circle together one is tried again and finds it.
 */
import { toHex } from "@smallpond/base";
import type { InodeId } from "../../ids.ts";
import { type LockOwner, type LockTable, ownerBytes, sameOwner } from "./lock.ts";
import { blockersOf } from "./lock-table.ts";

/** What the search asks of its surroundings. */
export interface WaitGraph {
  /** Where an owner waits for locks. */
  waitsOf(owner: LockOwner): Promise<readonly InodeId[]>;
  tableOf(inode: InodeId): Promise<LockTable>;
}

/** `unknown`: the search was given up. */
export type Circle = "circle" | "none" | "unknown";

export interface CircleSearch {
  /** Whom `target` would wait for. */
  readonly from: readonly LockOwner[];
  readonly target: LockOwner;
  /** Whether those who asked earlier count as waited for, beside those who hold something. */
  readonly queues: boolean;
}

/** Owners looked at in one search: it must fit into one transaction. Linux gives up after ten. */
const OWNERS_MAX = 100;

export async function findCircle(graph: WaitGraph, search: CircleSearch): Promise<Circle> {
  const seen = new Set<string>();
  let frontier: readonly LockOwner[] = search.from;
  while (frontier.length > 0) {
    if (frontier.some((owner) => sameOwner(owner, search.target))) return "circle";
    const fresh: LockOwner[] = [];
    for (const owner of frontier) {
      const name = toHex(ownerBytes(owner));
      if (!seen.has(name)) fresh.push(owner);
      seen.add(name);
    }
    if (seen.size > OWNERS_MAX) return "unknown";
    const next = await Promise.all(fresh.map((owner) => blockersOfOwner(graph, owner, search.queues)));
    frontier = next.flat();
  }
  return "none";
}

async function blockersOfOwner(
  graph: WaitGraph,
  owner: LockOwner,
  queues: boolean,
): Promise<readonly LockOwner[]> {
  const inodes = await graph.waitsOf(owner);
  const tables = await Promise.all(inodes.map((inode) => graph.tableOf(inode)));
  return tables.flatMap((table) =>
    table.waiting
      .filter((waiter) => sameOwner(waiter.owner, owner))
      .flatMap((waiter) => {
        const { holders, earlier } = blockersOf(table, waiter, waiter.ticket);
        return queues ? [...holders, ...earlier] : holders;
      }),
  );
}
