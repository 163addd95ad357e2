/** How load and recovery spread over 3, 30 and 180 storage nodes, in a model of queues driven by the placement that ships. */
import { SimWorld } from "../world/world.ts";
import { type ReadsResult, runReads } from "./reads.ts";
import { type RecoveryResult, runRecovery } from "./recovery.ts";

export interface ScaleRow {
  readonly nodes: number;
  readonly reads: ReadsResult;
  /** With one node dead. */
  readonly degraded: ReadsResult;
  readonly recovery: RecoveryResult;
}

export interface ScaleSettings {
  readonly seed: number;
  /** Of reads. */
  readonly measureMs: number;
  readonly chunksPerChain: number;
}

const SHAPE = { replicas: 3, chainsPerDisk: 6, chunkBytes: 2 ** 20 } as const;
const READS = {
  clientsPerNode: 2,
  files: 2000,
  stripe: 16,
  chunksPerFile: 64,
  window: 64,
  warmUpMs: 5,
} as const;
const EVENTS_MAX = 50_000_000;

export async function measureScale(nodes: number, settings: ScaleSettings): Promise<ScaleRow> {
  const { seed, measureMs, chunksPerChain } = settings;
  const readsWith = (dead: number): Promise<ReadsResult> =>
    inWorld(seed, (world) => runReads(world, { ...SHAPE, ...READS, nodes, measureMs, dead }));
  return {
    nodes,
    reads: await readsWith(0),
    degraded: await readsWith(1),
    recovery: await inWorld(seed, (world) => runRecovery(world, { ...SHAPE, nodes, chunksPerChain })),
  };
}

export function formatScale(rows: readonly ScaleRow[]): string {
  const [first] = rows;
  const header =
    "nodes  chains shared  GB/s a node  against 3  busiest/mean  one dead: GB/s a node  busiest/mean  refilled GB  ms  of best  givers  busiest/mean";
  const lines = rows.map(({ nodes, reads, degraded, recovery }) =>
    [
      `${nodes}`.padStart(5),
      reads.balance.padStart(13),
      reads.perNode.toFixed(1).padStart(11),
      percent(reads.perNode / first!.reads.perNode).padStart(9),
      reads.maxOverMean.toFixed(3).padStart(12),
      degraded.perNode.toFixed(1).padStart(21),
      degraded.maxOverMean.toFixed(3).padStart(12),
      (recovery.bytes / 1e9).toFixed(1).padStart(11),
      recovery.ms.toFixed(0).padStart(3),
      percent(recovery.ofBest).padStart(7),
      `${recovery.givers}`.padStart(6),
      recovery.maxOverMean.toFixed(3).padStart(12),
    ].join("  "),
  );
  return [header, ...lines].join("\n");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

async function inWorld<T>(seed: number, work: (world: SimWorld) => Promise<T>): Promise<T> {
  const world = new SimWorld(seed, { eventsMax: EVENTS_MAX });
  let result: { readonly value: T } | undefined;
  await world.run(async () => {
    result = { value: await work(world) };
  });
  return result!.value;
}
