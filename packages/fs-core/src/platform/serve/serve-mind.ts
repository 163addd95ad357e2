/** A process of the file system's mind on this machine: its store in a directory, its sockets, clock, log and admin port. */
import { type InvariantError, type NetAddress, NO_PROBES, Tasks } from "@smallpond/base";
import { NodeRandom } from "@smallpond/base/platform/node";
import { newCrc32c, openBootClock, openBufferPool, openLeasedNet } from "@smallpond/fs-native";
import { chunksOfChains } from "../../cluster/chunks-of-chains.ts";
import { type MindDeps, MindNode } from "../../cluster/mind-node.ts";
import type { MindSettings } from "../../cluster/mind-settings.ts";
import type { OrderedStore } from "../../metastore/ordered-store.ts";
import { formatLogLine, Logger, type LogLevel } from "../../service/log.ts";
import { Metrics } from "../../service/metrics.ts";
import { NetTransport } from "../../wire/index.ts";
import { AdminHttp } from "../admin-http.ts";
import { openLmdbStore } from "../lmdb-store.ts";
import { NodeCrypto } from "../node-crypto.ts";
import { removeStaleSocket } from "./stale-socket.ts";

export interface ServeMindSettings extends MindSettings {
  /** Of the store; all processes of the cluster name the same. */
  readonly directory: string;
  /** Bytes that the store may take on the disk. Default 256 GiB. */
  readonly storeBytesMax?: number;
  /** Of these, kept back for what frees rows. Default an eighth, at most 1 GiB. */
  readonly storeReserveBytes?: number;
  /** The cluster's, in hex. */
  readonly secret: string;
  /** Storage nodes that have a disk in common, as those of one machine have. Default 1. */
  readonly nodesPerDisk?: number;
  /** Where metrics and health are told; nowhere without it. */
  readonly admin?: NetAddress;
  /** Default `info`. */
  readonly logLevel?: LogLevel;
}

export interface ServeMindOptions {
  /** Takes the log's lines; standard error otherwise. */
  readonly writeLog?: (line: string) => void;
  /** Stands between the metastore and the store on disk, to measure or to disturb it. */
  readonly wrapStore?: (store: OrderedStore) => OrderedStore;
}

export interface ServedMind extends AsyncDisposable {
  readonly node: MindNode;
  readonly adminAddress: NetAddress | undefined;
  /** Rejects when the process must not go on. */
  readonly failure: Promise<never>;
  close(): Promise<void>;
}

export async function serveMind(
  settings: ServeMindSettings,
  options: ServeMindOptions = {},
): Promise<ServedMind> {
  const { writeLog = (line) => void process.stderr.write(`${line}\n`), wrapStore = (store) => store } =
    options;
  const { directory, storeBytesMax, storeReserveBytes, secret, admin, logLevel = "info" } = settings;
  const clock = openBootClock();
  const log = new Logger(
    { clock, sink: (line) => writeLog(formatLogLine(line)) },
    { level: logLevel, fields: { node: settings.node } },
  );
  const metrics = new Metrics();
  const broken = new Tasks();
  const disk = await openLmdbStore({
    directory,
    ...(storeBytesMax === undefined ? {} : { bytesMax: storeBytesMax }),
    ...(storeReserveBytes === undefined ? {} : { reserveBytes: storeReserveBytes }),
  });
  const crc32c = newCrc32c();
  const shared = {
    clock,
    random: new NodeRandom(),
    crypto: new NodeCrypto(),
    metrics,
    secret: new Uint8Array(Buffer.from(secret, "hex")),
    pool: openBufferPool(),
  };
  const deps: MindDeps = {
    ...shared,
    store: wrapStore(disk),
    transport: new NetTransport({ net: openLeasedNet(), crc32c, probes: NO_PROBES }),
    log,
    probes: NO_PROBES,
    chunks: (mind) =>
      chunksOfChains({ ...shared, ...mind, crc32c, log }, { nodesPerDisk: settings.nodesPerDisk }),
    onInvariant: (error: InvariantError) => broken.spawn(() => Promise.reject(error)),
  };
  await removeStaleSocket(settings.address);
  const release: (() => Promise<void>)[] = [() => disk.close()];
  const close = async (): Promise<void> => {
    for (const step of release.splice(0).reverse()) await step();
  };
  try {
    const node = await MindNode.start(deps, settings);
    release.push(() => node.close());
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
    // The address may be taken: whoever tries another one opens the same store.
    await close();
    throw error;
  }
}

function unwell({ metastore }: MindNode): string | undefined {
  return metastore.owner.kind === "nobody" ? "nobody owns the metastore" : undefined;
}
