/** What there is room for on the chains of a cluster, from what nodes have reported. */
import type { SignalOptions } from "@smallpond/base";
import type { TargetId } from "../ids.ts";
import type { ChunkSpace } from "../meta/collect/chunk-service.ts";
import type { NodeAgent } from "../mgmtd/agent/node-agent.ts";
import type { NodeReport } from "../mgmtd/model/report.ts";
import type { RoutingInfo } from "../mgmtd/model/routing.ts";
import { STATUS } from "../mgmtd/service/methods.ts";

export interface SpaceOptions extends SignalOptions {
  /** Storage nodes that have a disk in common, as those of one machine have. Default 1. */
  readonly nodesPerDisk?: number | undefined;
}

/** Asks the primary. */
export async function askSpace(agent: NodeAgent, options: SpaceOptions = {}): Promise<ChunkSpace> {
  const nodes: NodeReport[] = [];
  for (let from = 0; ; ) {
    const { nodes: some, more } = await agent.finder.call(STATUS, { from }, options);
    nodes.push(...some);
    if (!more || some.length === 0) break;
    from = some.at(-1)!.node + 1;
  }
  return spaceOf(agent.routing, nodes, options);
}

/**
 * Replicas are counted once: a chain has room for as much as its fullest replica. Targets of one disk share what is free on
 * it. Chains of which nobody has been heard count for nothing.
 */
export function spaceOf(
  { chains }: Pick<RoutingInfo, "chains">,
  nodes: readonly NodeReport[],
  { nodesPerDisk = 1 }: SpaceOptions = {},
): ChunkSpace {
  const rooms = roomsOf(nodes, BigInt(nodesPerDisk));
  let bytesTotal = 0n;
  let bytesFree = 0n;
  for (const { targets } of chains.values()) {
    let least: Room | undefined;
    for (const { target } of targets) {
      const room = rooms.get(target);
      if (room !== undefined && (least === undefined || room.freeBytes < least.freeBytes)) least = room;
    }
    if (least === undefined) continue;
    bytesTotal += least.usedBytes + least.freeBytes;
    bytesFree += least.freeBytes;
  }
  return { bytesTotal, bytesFree };
}

interface Room {
  readonly usedBytes: bigint;
  /** Its share of what is free on the disk. */
  readonly freeBytes: bigint;
}

function roomsOf(nodes: readonly NodeReport[], nodesPerDisk: bigint): ReadonlyMap<TargetId, Room> {
  const rooms = new Map<TargetId, Room>();
  for (const { targets } of nodes) {
    const onDisk = new Map<number, bigint>();
    for (const { disk } of targets) onDisk.set(disk, (onDisk.get(disk) ?? 0n) + 1n);
    for (const { target, disk, usedBytes, capacityBytes } of targets) {
      const free = capacityBytes > usedBytes ? capacityBytes - usedBytes : 0n;
      rooms.set(target, { usedBytes, freeBytes: free / (onDisk.get(disk)! * nodesPerDisk) });
    }
  }
  return rooms;
}
