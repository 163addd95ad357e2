/** A process of the file system's mind on this machine: its store in a directory, its sockets, clock, log and admin port. */
import { NO_PROBES } from "@smallpond/base";
import { NodeRandom } from "@smallpond/base/platform/node";
import { newCrc32c, openBufferPool, openLeasedNet } from "@smallpond/fs-native";
import { chunksOfChains } from "../../cluster/chunks-of-chains.ts";
import { MindNode } from "../../cluster/mind-node.ts";
import type { MindSettings } from "../../cluster/mind-settings.ts";
import type { OrderedStore } from "../../metastore/ordered-store.ts";
import { type DscpMarks, dscpMarks } from "../../storage/classes/marks.ts";
import { NearTransport, NetTransport } from "../../wire/index.ts";
import { openLmdbStore } from "../lmdb-store.ts";
import {
  type Served,
  type ServiceOptions,
  type ServiceSettings,
  type Surroundings,
  serve,
} from "./served.ts";
import { removeStaleSocket } from "./stale-socket.ts";

export interface ServeMindSettings extends MindSettings, Omit<ServiceSettings, "node"> {
  /** Of the store; all processes of the cluster name the same. */
  readonly directory: string;
  /** Bytes that the store may take on the disk. Default 256 GiB. */
  readonly storeBytesMax?: number;
  /** Of these, kept back for what frees rows. Default an eighth, at most 1 GiB. */
  readonly storeReserveBytes?: number;
  /** Storage nodes that have a disk in common, as those of one machine have. Default 1. */
  readonly nodesPerDisk?: number;
  /** What packets carry in the DS field; a mind's are all of the class `control`. Default {@link DEFAULT_DSCP_MARKS}. */
  readonly dscp?: Partial<DscpMarks>;
}

export interface ServeMindOptions extends ServiceOptions {
  /** Stands between the metastore and the store on disk, to measure or to disturb it. */
  readonly wrapStore?: (store: OrderedStore) => OrderedStore;
}

export type ServedMind = Served<MindNode>;

export function serveMind(settings: ServeMindSettings, options: ServeMindOptions = {}): Promise<ServedMind> {
  const { wrapStore = (store) => store } = options;
  return serve(settings, options, {
    start: (surroundings) => startMind(surroundings, settings, wrapStore),
    unwell,
  });
}

async function startMind(
  { atEnd, ...surroundings }: Surroundings,
  settings: ServeMindSettings,
  wrapStore: (store: OrderedStore) => OrderedStore,
): Promise<MindNode> {
  const { directory, storeBytesMax, storeReserveBytes, nodesPerDisk } = settings;
  const marks = dscpMarks(settings.dscp);
  const disk = await openLmdbStore({
    directory,
    ...(storeBytesMax === undefined ? {} : { bytesMax: storeBytesMax }),
    ...(storeReserveBytes === undefined ? {} : { reserveBytes: storeReserveBytes }),
  });
  atEnd(() => disk.close());
  const crc32c = newCrc32c();
  const shared = { ...surroundings, random: new NodeRandom(), pool: openBufferPool() };
  await removeStaleSocket(settings.address);
  return await MindNode.start(
    {
      ...shared,
      store: wrapStore(disk),
      transport: new NearTransport({
        clock: shared.clock,
        messages: new NetTransport({ net: openLeasedNet(), crc32c, probes: NO_PROBES }),
      }),
      probes: NO_PROBES,
      chunks: (mind) => chunksOfChains({ ...shared, ...mind, crc32c }, { nodesPerDisk }),
    },
    {
      ...settings,
      client: { marks, ...settings.client },
      server: { marks: Object.values(marks), ...settings.server },
    },
  );
}

function unwell({ metastore }: MindNode): string | undefined {
  return metastore.owner.kind === "nobody" ? "nobody owns the metastore" : undefined;
}
