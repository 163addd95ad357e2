/** Many clients that read chunks at random as fast as they can, as a training job does. */
import type { Random } from "@smallpond/base";
import type { ReplicaPlace } from "@smallpond/fs-core";
import type { SimWorld } from "../world/world.ts";
import { type ClusterSize, ScaleCluster } from "./cluster.ts";
import { newCard } from "./hardware.ts";
import type { Line } from "./line.ts";

export interface ReadsSettings extends ClusterSize {
  readonly clientsPerNode: number;
  readonly files: number;
  readonly stripe: number;
  readonly chunksPerFile: number;
  readonly chunkBytes: number;
  /** Chunks that one client asks for at once. */
  readonly window: number;
  /** Until queues are as they will be, and how long is measured from then on. */
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Nodes that are dead: their replicas are not asked. */
  readonly dead: number;
}

export interface ReadsResult {
  readonly gigabytesPerSecond: number;
  /** Of nodes that live. */
  readonly perNode: number;
  /** Bytes of the busiest node over those of the mean one. */
  readonly maxOverMean: number;
  readonly balance: string;
}

export async function runReads(world: SimWorld, settings: ReadsSettings): Promise<ReadsResult> {
  const random = world.random.fork("reads");
  const cluster = new ScaleCluster({ world, random: random.fork("placement") }, settings);
  const files = Array.from({ length: settings.files }, () => random.int(2 ** 31));
  // Computed once a file, as a client does.
  const places = files.map((seed) => {
    const chunks = Math.min(settings.chunksPerFile, settings.stripe);
    return Array.from({ length: chunks }, (_, at) =>
      cluster.replicasOf({ seed, stripe: settings.stripe }, at),
    );
  });
  const sinceMs = world.scheduler.nowMs + settings.warmUpMs;
  const span = { sinceMs, untilMs: sinceMs + settings.measureMs };
  const loads = cluster.nodes.map(() => 0);
  const clients = Array.from({ length: settings.clientsPerNode * settings.nodes }, (_, at) =>
    readMany({ world, cluster, places, settings, span, loads, random: random.fork(`client ${at}`) }),
  );
  await Promise.all(clients);
  const living = loads.slice(settings.dead);
  const bytes = living.reduce((sum, each) => sum + each, 0);
  const gigabytesPerSecond = bytes / settings.measureMs / 1e6;
  return {
    gigabytesPerSecond,
    perNode: gigabytesPerSecond / living.length,
    maxOverMean: (Math.max(...living) * living.length) / bytes,
    balance: `${cluster.placement.balance.shared.least}-${cluster.placement.balance.shared.most}`,
  };
}

interface Reading {
  readonly world: SimWorld;
  readonly cluster: ScaleCluster;
  readonly places: readonly (readonly (readonly ReplicaPlace[])[])[];
  readonly settings: ReadsSettings;
  readonly span: { readonly sinceMs: number; readonly untilMs: number };
  /** Bytes that came from each node within the span. */
  readonly loads: number[];
  readonly random: Random;
}

async function readMany(reading: Reading): Promise<void> {
  const { world, cluster, settings } = reading;
  const card = newCard(world, cluster.hardware);
  const one = async (): Promise<void> => {
    while (world.scheduler.nowMs < reading.span.untilMs) await readOne(reading, card);
  };
  await Promise.all(Array.from({ length: settings.window }, one));
}

async function readOne(reading: Reading, card: Line): Promise<void> {
  const { world, cluster, places, settings, span, loads, random } = reading;
  const file = places[random.int(places.length)]!;
  const replicas = file[random.int(file.length)]!.filter(({ node }) => node > settings.dead);
  if (replicas.length === 0) return;
  const place = replicas[random.int(replicas.length)]!;
  const node = cluster.nodeOf(place);
  const { wireMs } = cluster.hardware;
  await world.sleep(wireMs);
  await node.shares.run("foreground", settings.chunkBytes, async () => {
    await node.disks[place.disk]!.pass(settings.chunkBytes);
    await node.nicOut.pass(settings.chunkBytes);
  });
  await world.sleep(wireMs);
  await card.pass(settings.chunkBytes);
  const { nowMs } = world.scheduler;
  if (nowMs >= span.sinceMs && nowMs < span.untilMs) loads[place.node - 1]! += settings.chunkBytes;
}
