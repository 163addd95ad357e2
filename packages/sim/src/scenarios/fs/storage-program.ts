/** A storage service's process, put together as a real one is, from simulated seams; and somebody who starts it again. */
import type { InvariantError } from "@smallpond/base";
import {
  formatTarget,
  Metrics,
  nodeId,
  StorageNode,
  type Target,
  type TargetSettings,
} from "@smallpond/fs-core";
import { NodeCrypto } from "@smallpond/fs-core/platform";
import { JAVASCRIPT_CRC32C } from "@smallpond/fs-native";
import type { Program, Seams } from "../../world/process.ts";
import { addressOf, CLUSTER_ID, clusterSecret } from "../mind/cluster.ts";
import { newPool } from "../mind/mind-program.ts";
import { fsChainSettings, fsRpcSettings, fsStoreSettings } from "./fs-knobs.ts";
import type { Stage } from "./stage.ts";
import { traceLog } from "./trace-log.ts";
import { transportOf } from "./transport.ts";

/** How often somebody looks whether a target has failed, and starts the process again. */
const LOOK_MS = 300;

export function storageProgram(
  stage: Stage,
  { id, machine }: { readonly id: number; readonly machine: string },
): Program {
  const { oracle, targets } = stage;
  const node = nodeId(id);
  const own = targets
    .filter((target) => target.node === node)
    .map((target): TargetSettings => ({ id: target.id, disk: 0, directory: `/t${target.id}` }));
  return async (seams) => {
    for (const target of own) await prepare(stage, seams, target);
    const storage = await start(stage, seams, { id, machine, targets: own });
    const member = {
      node,
      machine,
      replicas: () => storage.targets.flatMap(({ replica }) => (replica === undefined ? [] : [replica])),
      routing: () => storage.agent.routing,
    };
    oracle.joined(member);
    seams.lifetime.onDeath(() => oracle.left(member));
    await Promise.race([storage.failure, untilBroken(seams, storage)]);
    oracle.left(member);
    await storage.close();
  };
}

function start(
  { minds, knobs, bug, world, near }: Stage,
  seams: Seams,
  own: { readonly id: number; readonly machine: string; readonly targets: readonly TargetSettings[] },
): Promise<StorageNode> {
  const { clock, random, probes, disk } = seams;
  const pool = newPool();
  return StorageNode.start(
    {
      transport: transportOf(seams, near, pool),
      ...{ clock, random, probes, disk, crypto: new NodeCrypto(), crc32c: JAVASCRIPT_CRC32C },
      ...{
        log: traceLog(seams),
        metrics: new Metrics(),
        secret: clusterSecret(),
        pool,
        received: newPool(),
      },
      onInvariant: (error: InvariantError) => {
        throw error;
      },
      ...(bug?.storage === undefined ? {} : { bug: bug.storage }),
    },
    {
      clusterId: CLUSTER_ID,
      node: nodeId(own.id),
      hostTag: own.machine,
      address: addressOf(own.machine),
      managers: minds.map(addressOf),
      targets: own.targets,
      bootId: `boot ${world.machine(own.machine).boot}`,
      store: fsStoreSettings(knobs),
      answerMs: 500,
      client: fsRpcSettings(knobs),
      ...fsChainSettings(knobs),
    },
  );
}

/** Makes a target that is not there. One that was made before has lost what its chain counts on. */
async function prepare(stage: Stage, seams: Seams, { id, directory }: TargetSettings): Promise<void> {
  const { disk, random } = seams;
  if (await disk.exists(`${directory}/superblock`)) return;
  const isComplete = !stage.formatted.has(id);
  const { segmentBytes } = fsStoreSettings(stage.knobs);
  await formatTarget(
    { disk, random, crc: JAVASCRIPT_CRC32C },
    { directory, cluster: CLUSTER_ID, target: id, isComplete, ...(segmentBytes && { segmentBytes }) },
  );
  if (seams.alive()) stage.formatted.add(id);
}

/** Resolves when the process is asked to stop, or should be started again because a target has failed. */
async function untilBroken({ clock, stop }: Seams, storage: StorageNode): Promise<void> {
  while (!stop.aborted) {
    await clock.sleep(LOOK_MS);
    // What is damaged the node makes anew itself.
    const isBroken = ({ store, isDamaged }: Target): boolean =>
      store === undefined ? !isDamaged : store.failure !== undefined;
    if (storage.targets.some(isBroken)) return;
  }
}
