/** A process of the file system's mind, put together as a real one is, from simulated seams. */
import type { InvariantError } from "@smallpond/base";
import {
  type ChunkService,
  type ChunksOf,
  type Logger,
  Metrics,
  MindNode,
  type MindSettings,
  NearTransport,
  NetTransport,
  nodeId,
  silentLogger,
} from "@smallpond/fs-core";
import { NodeCrypto } from "@smallpond/fs-core/platform";
import { BufferPool, JAVASCRIPT_CRC32C, PortableNet } from "@smallpond/fs-native";
import type { SharedStore } from "../../store/shared-store.ts";
import type { Program, Seams } from "../../world/process.ts";
import { aborted } from "./aborted.ts";
import type { Bug } from "./bugs.ts";
import { addressOf, CLUSTER_ID, clusterSecret } from "./cluster.ts";

/** All tries of a transaction, and some more. */
const STRAGGLERS_MS = 12_000;

export interface MindOptions {
  /** From 1. */
  readonly id: number;
  readonly machine: string;
  /** All machines with such a process, this one too. */
  readonly minds: readonly string[];
  readonly shared: SharedStore;
  readonly settings: Pick<MindSettings, "metastore" | "mgmtd" | "meta">;
  readonly bug: Bug;
  /** Nothing is logged without. */
  readonly log?: (seams: Seams) => Logger;
  /** Storage as the process reaches it; there is none without. */
  readonly chunks?: (seams: Seams) => ChunkService | ((mind: ChunksOf) => ChunkService);
}

export function mindProgram(options: MindOptions): Program {
  const { id, machine, minds, shared, settings, chunks } = options;
  return async (seams) => {
    const { clock, random, probes, net, stop } = seams;
    const store = shared.open(seams);
    const mind = await MindNode.start(
      {
        store,
        clock,
        random,
        probes,
        transport: new NearTransport({
          clock,
          messages: new NetTransport({ net: new PortableNet(net), crc32c: JAVASCRIPT_CRC32C, probes }, {}),
        }),
        crypto: new NodeCrypto(),
        log: options.log?.(seams) ?? silentLogger(),
        metrics: new Metrics(),
        secret: clusterSecret(),
        pool: newPool(),
        ...(chunks === undefined ? {} : { chunks: chunks(seams) }),
        onInvariant: (error: InvariantError) => {
          throw error;
        },
      },
      {
        ...settings,
        clusterId: CLUSTER_ID,
        node: nodeId(id),
        hostTag: machine,
        address: addressOf(machine),
        managers: minds.map(addressOf),
        storage: chunks === undefined ? "none" : "chains",
      },
    );
    options.bug.mind(mind);
    await Promise.race([mind.failure, aborted(stop)]);
    await mind.close();
    // A handler whose caller has gone holds no server up: what it still asks of others ends by itself.
    await clock.sleep(STRAGGLERS_MS);
    await store.close();
  };
}

/** Ordinary memory, little of it. */
export function newPool(): BufferPool {
  return new BufferPool(
    {
      allocate: (bytes) => ({ buffer: new ArrayBuffer(bytes), alignment: 1 }),
      // A dead process forgets what it had, as it should.
      leaked: () => {},
    },
    { bytesMax: 2 ** 24, regionBytes: 2 ** 22 },
  );
}
