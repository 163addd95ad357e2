/** Our service for the benchmarks: in the side's process, or in one of its own that is reached over TCP. */
import { NO_PROBES } from "@smallpond/base";
import { NodeClock, NodeRandom } from "@smallpond/base/platform/node";
import {
  type Caller,
  type ClientId,
  LocalCaller,
  Logger,
  MetaCaller,
  Metrics,
  NetTransport,
  newRandomId,
  nodeId,
  type OrderedStore,
  RpcClient,
} from "@smallpond/fs-core";
import { MindProcess, NodeCrypto, type ServeMindSettings, serveMind } from "@smallpond/fs-core/platform";
import { newCrc32c, openLeasedNet } from "@smallpond/fs-native";
import type { Callers } from "./our-files.ts";

/** Connections of the clients over TCP. */
const CONNECTIONS = 4;
const SECRET = "b7".repeat(32);
const CLUSTER = "bench";

export interface OpenMind {
  readonly callers: Callers;
  close(): Promise<void>;
}

function settingsOf(directory: string): ServeMindSettings {
  const address = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;
  return {
    clusterId: CLUSTER,
    node: nodeId(1),
    hostTag: "bench",
    address,
    managers: [],
    storage: "none",
    directory,
    secret: SECRET,
    logLevel: "error",
  };
}

/** Every part but sockets and messages: callers and service share the process. */
export async function openLocalMind(
  directory: string,
  wrapStore: (store: OrderedStore) => OrderedStore = (store) => store,
): Promise<OpenMind> {
  const served = await serveMind(settingsOf(directory), { wrapStore });
  await served.node.ready;
  const [clock, random] = [new NodeClock(), new NodeRandom()];
  const caller = new LocalCaller(
    { router: served.node.router, clock, random },
    { principal: { kind: "member", node: undefined } },
  );
  return { callers: callersOf([caller]), close: () => served.close() };
}

export async function openRemoteMind(directory: string): Promise<OpenMind> {
  const server = await MindProcess.start(settingsOf(directory));
  const [clock, random] = [new NodeClock(), new NodeRandom()];
  const deps = {
    transport: new NetTransport({ net: openLeasedNet(), crc32c: newCrc32c(), probes: NO_PROBES }),
    clock,
    random,
    crypto: new NodeCrypto(),
    log: new Logger({ clock, sink: () => {} }),
    metrics: new Metrics(),
    probes: NO_PROBES,
    credentials: {
      kind: "member",
      clusterId: CLUSTER,
      secret: new Uint8Array(Buffer.from(SECRET, "hex")),
    },
  } as const;
  const clients = Array.from({ length: CONNECTIONS }, () => new RpcClient(deps, { address: server.address }));
  return {
    callers: callersOf(clients),
    async close() {
      for (const client of clients) await client.close();
      await server.stop();
    },
  };
}

/** Each is a client of its own, as programs on several machines are. */
function callersOf(callers: readonly Caller[]): Callers {
  const [clock, random] = [new NodeClock(), new NodeRandom()];
  return callers.map(
    (caller) =>
      new MetaCaller({ clock, random, callers: [caller] }, { client: newRandomId<ClientId>(random) }),
  );
}
