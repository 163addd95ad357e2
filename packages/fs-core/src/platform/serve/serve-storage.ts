/** A storage service on this machine: its targets in directories, its sockets, clock, log and admin port. */
import { type NetAddress, NO_PROBES } from "@smallpond/base";
import { NodeRandom } from "@smallpond/base/platform/node";
import {
  type BufferPool,
  newCrc32c,
  openBufferPool,
  openDiskQueue,
  openLeasedNet,
  type PoolSettings,
  QueueDisk,
} from "@smallpond/fs-native";
import type { NodeId } from "../../ids.ts";
import { type DscpMarks, dscpMarks } from "../../storage/classes/marks.ts";
import { StorageNode } from "../../storage/node/storage-node.ts";
import type { StoreSettings } from "../../storage/settings.ts";
import {
  NearTransport,
  NetTransport,
  type RpcClientsSettings,
  type RpcServerSettings,
} from "../../wire/index.ts";
import { readBootId } from "../boot-id.ts";
import { openNearMemory } from "../near/node-near-memory.ts";
import { askWhatIsMissing } from "./ask-what-is-missing.ts";
import { prepareTargets, type TargetPlace } from "./prepare-targets.ts";
import {
  type Served,
  type ServiceOptions,
  type ServiceSettings,
  type Surroundings,
  serve,
} from "./served.ts";
import { removeStaleSocket } from "./stale-socket.ts";

export interface ServeStorageSettings extends ServiceSettings {
  readonly clusterId: string;
  readonly node: NodeId;
  /** What fails together with this process. */
  readonly hostTag: string;
  /** Where this process is reached; port 0 is any that is free. */
  readonly address: NetAddress;
  /** Where cluster managers are. */
  readonly managers: readonly NetAddress[];
  readonly targets: readonly TargetPlace[];
  readonly store?: Partial<StoreSettings>;
  /** Memory for bytes on their way, to the network and as much again from it. */
  readonly pool?: Partial<PoolSettings>;
  /**
   * Whether processes of the same user and of root on this machine may see that memory, so that bytes need no socket. Off
   * where clients that run as this user are not to read what other people's clients read and write. Default true.
   */
  readonly near?: boolean;
  /**
   * What targets are that are missing on their disks. `ask`, by default: those that the manager has in a chain were
   * replaced, others are new.
   */
  readonly missing?: "new" | "replaced" | "ask";
  readonly server?: Partial<RpcServerSettings>;
  readonly client?: RpcClientsSettings;
  /** What packets carry in the DS field, by class of traffic. Default {@link DEFAULT_DSCP_MARKS}. */
  readonly dscp?: Partial<DscpMarks>;
}

export type ServedStorage = Served<StorageNode>;

export function serveStorage(
  settings: ServeStorageSettings,
  options: ServiceOptions = {},
): Promise<ServedStorage> {
  const start = (surroundings: Surroundings): Promise<StorageNode> => startStorage(surroundings, settings);
  return serve(settings, options, { start, unwell });
}

async function startStorage(
  { atEnd, ...surroundings }: Surroundings,
  settings: ServeStorageSettings,
): Promise<StorageNode> {
  const { clusterId, targets, store, missing = "ask" } = settings;
  const [random, crc32c] = [new NodeRandom(), newCrc32c()];
  const { near: isNear = true } = settings;
  const marks = dscpMarks(settings.dscp);
  const newPool = (): BufferPool => openBufferPool({ ...settings.pool, showable: isNear });
  const [pool, received] = [newPool(), newPool()];
  const queue = openDiskQueue();
  const disk = new QueueDisk(queue, pool);
  atEnd(() => queue.close());
  const prepared = await prepareTargets(
    { disk, random, crc: crc32c },
    {
      clusterId,
      targets,
      missing: missing === "ask" ? askWhatIsMissing(settings) : missing,
      ...(store?.segmentBytes === undefined ? {} : { segmentBytes: store.segmentBytes }),
    },
  );
  atEnd(() => prepared.release());
  for (const target of prepared.replaced)
    surroundings.log.warn("a target was made anew, without what it had", { target });
  await removeStaleSocket(settings.address);
  const near = isNear ? openNearMemory() : undefined;
  atEnd(async () => near?.close());
  const messages = new NetTransport({ net: openLeasedNet(), crc32c, probes: NO_PROBES });
  const transport = new NearTransport({ messages, clock: surroundings.clock, near, pool });
  const node = await StorageNode.start(
    { ...surroundings, disk, random, crc32c, pool, received, probes: NO_PROBES, transport },
    {
      ...settings,
      client: { marks, ...settings.client },
      server: { marks: Object.values(marks), ...settings.server },
      bootId: await readBootId(),
    },
  );
  reportAtOnce(node);
  return node;
}

/** What the first heartbeat said of the targets was said before the routing was known: the next one says more. */
function reportAtOnce({ agent }: StorageNode): void {
  const stop = agent.routingCache.onChange(() => {
    stop();
    agent.wake();
  });
}

function unwell({ targets, agent }: StorageNode): string | undefined {
  const failed = targets.filter(({ store }) => store === undefined || store.failure !== undefined);
  if (failed.length > 0)
    return `targets that cannot be used: ${failed.map(({ settings }) => settings.id).join(", ")}`;
  return agent.lease.holds() ? undefined : "the node's lease does not hold";
}
