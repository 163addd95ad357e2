/**
 * One node died and comes back with empty disks: each of its chains is filled again by the last of its replicas that serve, with the permits that
 * ship, while nothing else goes on.
 */
import { DEFAULT_RESYNC_SETTINGS, Permits, type ReplicaPlace } from "@smallpond/fs-core";
import type { SimWorld } from "../world/world.ts";
import { type ClusterSize, ScaleCluster } from "./cluster.ts";

export interface RecoverySettings extends ClusterSize {
  readonly chunkBytes: number;
  readonly chunksPerChain: number;
}

export interface RecoveryResult {
  readonly bytes: number;
  readonly ms: number;
  /** Of the speed at which the node can take bytes. */
  readonly ofBest: number;
  /** Nodes that gave something. */
  readonly givers: number;
  /** Bytes that the busiest of them gave over those of the mean one. */
  readonly maxOverMean: number;
}

const DEAD = 1;

export async function runRecovery(world: SimWorld, settings: RecoverySettings): Promise<RecoveryResult> {
  const random = world.random.fork("recovery");
  const cluster = new ScaleCluster({ world, random: random.fork("placement") }, settings);
  const dead = cluster.nodes[DEAD - 1]!;
  const given = new Map<number, number>();
  const { chainsMax, chainsWaitingMax: waitersMax, chunksMax } = DEFAULT_RESYNC_SETTINGS;
  const permits = cluster.nodes.map(() => new Permits({ max: chainsMax, waitersMax }));
  const sinceMs = world.scheduler.nowMs;
  const fill = async (chain: readonly ReplicaPlace[]): Promise<void> => {
    const own = chain.find(({ node }) => node === DEAD);
    const tail = chain.findLast(({ node }) => node !== DEAD);
    if (own === undefined || tail === undefined) return;
    const from = cluster.nodeOf(tail);
    await permits[tail.node - 1]!.run(async () => {
      const chunks = new Permits({ max: chunksMax, waitersMax: settings.chunksPerChain });
      await Promise.all(
        Array.from({ length: settings.chunksPerChain }, () =>
          chunks.run(async () => {
            const bytes = settings.chunkBytes;
            await from.disks[tail.disk]!.pass(bytes);
            await from.nicOut.pass(bytes);
            await dead.nicIn.pass(bytes);
            await dead.disks[own.disk]!.pass(bytes);
            given.set(tail.node, (given.get(tail.node) ?? 0) + bytes);
          }),
        ),
      );
    });
  };
  await Promise.all(cluster.placement.chains.map(fill));
  const ms = world.scheduler.nowMs - sinceMs;
  const loads = [...given.values()];
  const bytes = loads.reduce((sum, each) => sum + each, 0);
  const { nicBytesPerMs, disks, diskBytesPerMs } = cluster.hardware;
  return {
    bytes,
    ms,
    ofBest: bytes / Math.min(nicBytesPerMs, disks * diskBytesPerMs) / ms,
    givers: loads.length,
    maxOverMean: (Math.max(...loads) * loads.length) / bytes,
  };
}
