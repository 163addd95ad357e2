/**
 * One process of the file system's mind: a handle of the store, the metastore above it, a cluster manager, a metadata
 * service, and the server through which others reach all of them. Any number of such processes run on one store; each
 * may be killed at any moment. Real processes and simulated ones are put together here, from different seams.
 */
import {
  assert,
  type Clock,
  type InvariantError,
  type NetAddress,
  type Probes,
  type Random,
  Tasks,
  toHex,
} from "@smallpond/base";
import type { BufferPool } from "@smallpond/fs-native";
import type { ChunkService } from "../meta/collect/chunk-service.ts";
import type { ChainTables } from "../meta/namespace-deps.ts";
import { MetaService } from "../meta/service/meta-service.ts";
import { clientsOf, tablesOf } from "../meta/service/mgmtd-views.ts";
import { TokenAuthenticator } from "../meta/users/token-authenticator.ts";
import { MetastoreMetrics } from "../metastore/engine/engine-metrics.ts";
import { MetastoreNode } from "../metastore/metastore-node.ts";
import type { OrderedStore } from "../metastore/ordered-store.ts";
import { hostWithoutTargets, NodeAgent } from "../mgmtd/agent/node-agent.ts";
import { MgmtdService } from "../mgmtd/service/mgmtd-service.ts";
import type { Crypto } from "../service/crypto.ts";
import type { Logger } from "../service/log.ts";
import type { Metrics } from "../service/metrics.ts";
import {
  type Authenticator,
  type Credentials,
  RpcClients,
  RpcRouter,
  RpcServer,
  type Transport,
} from "../wire/index.ts";
import type { MindSettings } from "./mind-settings.ts";
import { chunksWithoutStorage, tablesWithoutStorage } from "./no-storage.ts";

export interface MindDeps {
  /** Stays the caller's: the node does not close it. */
  readonly store: OrderedStore;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Crypto;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly probes: Probes;
  /** The cluster's, at least 16 bytes: members prove by it that they are, and capabilities are signed with it. */
  readonly secret: Uint8Array;
  /** For commits of processes that do not own the store. */
  readonly pool: BufferPool;
  /** Storage as metadata sees it, or how to make it; not looked at where settings say that there is none. */
  readonly chunks?: ChunkService | ((mind: ChunksOf) => ChunkService);
  /** Told of a broken invariant: the process must not go on. */
  readonly onInvariant: (error: InvariantError) => void;
}

/** What of the process a way to its storage services stands on. It ends before them. */
export interface ChunksOf {
  /** Knows the routing. */
  readonly agent: NodeAgent;
  /** Connections as a member of the cluster. */
  readonly callers: RpcClients;
}

export class MindNode implements AsyncDisposable {
  /** Where it is reached, its port filled in. */
  readonly address: NetAddress;
  /** Of this life of the process: by it a supervisor reports its death. */
  readonly incarnation: string;
  /** What it offers, for callers of the same process. */
  readonly router: RpcRouter;
  readonly metastore: MetastoreNode;
  readonly mgmtd: MgmtdService;
  readonly agent: NodeAgent;
  readonly meta: MetaService;
  readonly #deps: MindDeps;
  readonly #server: RpcServer;
  readonly #clients: RpcClients;
  readonly #tasks: Tasks = new Tasks();
  readonly #stop: AbortController = new AbortController();
  #ready: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  private constructor(deps: MindDeps, settings: MindSettings, parts: Parts) {
    this.#deps = deps;
    this.#server = parts.server;
    this.#clients = parts.clients;
    this.router = parts.router;
    this.address = parts.address;
    const { address } = parts;
    const incarnation = toHex(deps.random.bytes(16));
    this.incarnation = incarnation;
    const callers = this.#clients;
    this.metastore = new MetastoreNode(
      { ...deps, metrics: new MetastoreMetrics(deps.metrics), callerOf: (at) => callers.to(at) },
      { ...settings.metastore, address },
    );
    const identity = { node: settings.node, incarnation, addresses: [address] };
    this.mgmtd = new MgmtdService({ ...deps, metastore: this.metastore }, { ...settings.mgmtd, ...identity });
    this.agent = new NodeAgent(
      { ...deps, callers, host: hostWithoutTargets() },
      { ...identity, kind: "meta", hostTag: settings.hostTag, managers: settings.managers },
    );
    const { metastore, agent, router } = this;
    this.meta = new MetaService(
      {
        ...deps,
        metastore,
        router,
        clients: clientsOf(agent),
        ...storageOf(deps, settings, { agent, callers }),
      },
      { ...settings.meta, secrets: [deps.secret] },
    );
  }

  /** Listens, and takes part from then on. It may be a while until it is {@link ready}. */
  static async start(deps: MindDeps, settings: MindSettings): Promise<MindNode> {
    const { clusterId, node, authentication = "on" } = settings;
    const router = new RpcRouter(deps, settings.server);
    // Users are known once there is a metastore, and nobody is heard before.
    const users: { authenticator?: TokenAuthenticator } = {};
    const authenticator: Authenticator =
      authentication === "off"
        ? { kind: "off", clusterId }
        : { kind: "on", clusterId, secret: deps.secret, user: (token) => users.authenticator!.user(token) };
    const server = new RpcServer({ ...deps, router, authenticator }, settings.server);
    const credentials: Credentials =
      authentication === "on"
        ? { kind: "member", clusterId, secret: deps.secret, node }
        : { kind: "claim", clusterId, principal: { kind: "member", node } };
    const clients = new RpcClients({ ...deps, credentials }, settings.client);
    const address = await server.listen(settings.address);
    // Nobody has been heard yet: what it offers is there before the first call is read.
    const mind = new MindNode(deps, settings, { server, router, clients, address });
    users.authenticator = new TokenAuthenticator({ ...deps, metastore: mind.metastore });
    mind.#start();
    return mind;
  }

  /** Resolves when there is a root directory, which needs an owner of the store; or when it is closed before. */
  get ready(): Promise<void> {
    return this.#ready;
  }

  /** Rejects when something broke that must not: the process must not go on. */
  get failure(): Promise<never> {
    return Promise.race([this.#tasks.failure, this.metastore.failure]);
  }

  /** Lets running calls end, gives the lease and the store free for others, and closes all connections. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #start(): void {
    const { signal } = this.#stop;
    this.metastore.register(this.router);
    this.mgmtd.offer(this.router);
    this.metastore.start();
    // Not one of the tasks: it may only end when the service is closed, which waits for the tasks.
    this.#ready = this.meta.start();
    this.#tasks.spawn(() => this.mgmtd.run({ signal }));
    this.#tasks.spawn(() => this.agent.run({ signal }));
  }

  async #close(): Promise<void> {
    this.#deps.log.info("mind node closes");
    this.#stop.abort(new Error("the node is closing"));
    await Promise.race([this.#tasks.idle(), this.#tasks.failure.catch(() => {})]);
    await this.#server.close();
    await this.meta.close();
    await this.metastore.close();
    await this.#clients.close();
  }
}

interface Parts {
  readonly server: RpcServer;
  readonly router: RpcRouter;
  readonly clients: RpcClients;
  readonly address: NetAddress;
}

function storageOf(
  { chunks }: MindDeps,
  { storage = "chains" }: MindSettings,
  mind: ChunksOf,
): { readonly chunks: ChunkService; readonly tables: ChainTables } {
  if (storage === "none") return { chunks: chunksWithoutStorage(), tables: tablesWithoutStorage() };
  assert(chunks !== undefined, "a cluster with storage needs a way to it");
  return { chunks: typeof chunks === "function" ? chunks(mind) : chunks, tables: tablesOf(mind.agent) };
}
