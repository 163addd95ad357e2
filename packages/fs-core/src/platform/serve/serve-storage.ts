/** A storage service on this machine: its targets in directories, its sockets, clock, log and admin port. */
import { type InvariantError, type NetAddress, NO_PROBES, Tasks } from "@smallpond/base";
import { NodeRandom } from "@smallpond/base/platform/node";
import {
  newCrc32c,
  openBootClock,
  openBufferPool,
  openDiskQueue,
  openLeasedNet,
  type PoolSettings,
  QueueDisk,
} from "@smallpond/fs-native";
import type { NodeId } from "../../ids.ts";
import { formatLogLine, Logger, type LogLevel } from "../../service/log.ts";
import { Metrics } from "../../service/metrics.ts";
import { StorageNode } from "../../storage/node/storage-node.ts";
import type { StoreSettings } from "../../storage/settings.ts";
import { NetTransport, type RpcClientSettings, type RpcServerSettings } from "../../wire/index.ts";
import { AdminHttp } from "../admin-http.ts";
import { readBootId } from "../boot-id.ts";
import { NodeCrypto } from "../node-crypto.ts";
import { askWhatIsMissing } from "./ask-what-is-missing.ts";
import { prepareTargets, type TargetPlace } from "./prepare-targets.ts";
import { removeStaleSocket } from "./stale-socket.ts";

export interface ServeStorageSettings {
  readonly clusterId: string;
  /** The cluster's, in hex. */
  readonly secret: string;
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
   * What targets are that are missing on their disks. `ask`, by default: those that the manager has in a chain were
   * replaced, others are new.
   */
  readonly missing?: "new" | "replaced" | "ask";
  readonly server?: Partial<RpcServerSettings>;
  readonly client?: Partial<RpcClientSettings>;
  /** Where metrics and health are told; nowhere without it. */
  readonly admin?: NetAddress;
  /** Default `info`. */
  readonly logLevel?: LogLevel;
}

export interface ServeStorageOptions {
  /** Takes the log's lines; standard error otherwise. */
  readonly writeLog?: (line: string) => void;
}

export interface ServedStorage extends AsyncDisposable {
  readonly node: StorageNode;
  readonly adminAddress: NetAddress | undefined;
  /** Rejects when the process must not go on. */
  readonly failure: Promise<never>;
  close(): Promise<void>;
}

export async function serveStorage(
  settings: ServeStorageSettings,
  options: ServeStorageOptions = {},
): Promise<ServedStorage> {
  const { writeLog = (line) => void process.stderr.write(`${line}\n`) } = options;
  const { clusterId, targets, store, missing = "ask", admin, logLevel = "info" } = settings;
  const clock = openBootClock();
  const log = new Logger(
    { clock, sink: (line) => writeLog(formatLogLine(line)) },
    { level: logLevel, fields: { node: settings.node } },
  );
  const [metrics, random, crc32c] = [new Metrics(), new NodeRandom(), newCrc32c()];
  const broken = new Tasks();
  const [pool, received] = [openBufferPool(settings.pool), openBufferPool(settings.pool)];
  const queue = openDiskQueue();
  const disk = new QueueDisk(queue, pool);
  const release: (() => Promise<void>)[] = [() => queue.close()];
  const close = async (): Promise<void> => {
    for (const step of release.splice(0).reverse()) await step();
  };
  try {
    const prepared = await prepareTargets(
      { disk, random, crc: crc32c },
      {
        clusterId,
        targets,
        missing: missing === "ask" ? askWhatIsMissing(settings) : missing,
        ...(store?.segmentBytes === undefined ? {} : { segmentBytes: store.segmentBytes }),
      },
    );
    release.push(() => prepared.release());
    for (const target of prepared.replaced)
      log.warn("a target was made anew, without what it had", { target });
    await removeStaleSocket(settings.address);
    const node = await StorageNode.start(
      {
        ...{
          disk,
          clock,
          random,
          crc32c,
          log,
          metrics,
          pool,
          received,
          probes: NO_PROBES,
          crypto: new NodeCrypto(),
        },
        transport: new NetTransport({ net: openLeasedNet(), crc32c, probes: NO_PROBES }),
        secret: new Uint8Array(Buffer.from(settings.secret, "hex")),
        onInvariant: (error: InvariantError) => broken.spawn(() => Promise.reject(error)),
      },
      { ...settings, bootId: await readBootId() },
    );
    release.push(() => node.close());
    reportAtOnce(node);
    const port =
      admin === undefined
        ? undefined
        : await AdminHttp.open({ metrics, log, unwell: () => unwell(node) }, { address: admin });
    if (port !== undefined) release.push(() => port.close());
    return {
      node,
      adminAddress: port?.address,
      failure: Promise.race([node.failure, broken.failure]),
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
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
