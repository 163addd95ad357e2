/**
 * A storage service: its targets, their places in chains, and the server through which clients and other nodes reach them.
 * Real processes and simulated ones are put together here, from different seams.
 */
import {
  type Clock,
  type Disk,
  formatAddress,
  type InvariantError,
  type NetAddress,
  type Probes,
  type Random,
  Tasks,
  toHex,
} from "@smallpond/base";
import type { BufferPool, Crc32c } from "@smallpond/fs-native";
import type { ChainId, TargetId } from "../../ids.ts";
import { NodeAgent, type NodeHost } from "../../mgmtd/agent/node-agent.ts";
import type { Chain, TargetState } from "../../mgmtd/model/chain.ts";
import type { RoutingInfo } from "../../mgmtd/model/routing.ts";
import { CapabilityKey } from "../../service/capability.ts";
import type { Crypto } from "../../service/crypto.ts";
import type { Logger } from "../../service/log.ts";
import type { Metrics } from "../../service/metrics.ts";
import {
  type Authenticator,
  type Credentials,
  RpcClients,
  RpcRouter,
  RpcServer,
  type Transport,
  type UserIdentity,
} from "../../wire/index.ts";
import { CHUNK_BYTES_MAX } from "../blocks/block-id.ts";
import { Forwarder } from "../chain/forwarder.ts";
import { refuse } from "../chain/refusals.ts";
import { type ChainBug, Replica } from "../chain/replica.ts";
import { type ChainSettings, DEFAULT_CHAIN_SETTINGS } from "../chain/settings.ts";
import type { ChunkStore } from "../chunk-store.ts";
import { TrafficShares } from "../classes/traffic-shares.ts";
import { ChunkRepairer } from "../repair/chunk-repairer.ts";
import { StoreFetchSource } from "../repair/fetch-source.ts";
import { TargetCare } from "../repair/target-care.ts";
import { ChainResync, type ResyncBug } from "../resync/chain-resync.ts";
import { StoreSyncSink } from "../resync/sync-sink.ts";
import { CapabilityGate } from "../sessions/session-gate.ts";
import type { StoreBug } from "../store/parts.ts";
import { AnswerRoom } from "./answer-room.ts";
import { StorageHandlers } from "./handlers.ts";
import { parseLiveSettings } from "./live-settings.ts";
import { NodeMetrics } from "./node-metrics.ts";
import { type FoundTarget, openStores, openTargetStore } from "./open-stores.ts";
import type { StorageNodeSettings } from "./settings.ts";
import { Target } from "./target.ts";
import { TargetRenewal } from "./target-renewal.ts";

export interface StorageNodeDeps {
  readonly disk: Disk;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Crypto;
  readonly crc32c: Crc32c;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly probes: Probes;
  /** The cluster's, as for `MindDeps`. */
  readonly secret: Uint8Array;
  /** For bytes on their way between disks and the network. */
  readonly pool: BufferPool;
  /**
   * For bytes that come with questions. In production another one than `pool`: who holds these bytes waits for the store,
   * which needs memory to write them.
   */
  readonly received?: BufferPool;
  /** Who a token's user is; storage asks for capabilities, so anybody may connect. */
  readonly user?: (token: string) => Promise<UserIdentity>;
  /** Told of a broken invariant: the process must not go on. */
  readonly onInvariant: (error: InvariantError) => void;
  readonly bug?: {
    readonly chain?: ChainBug;
    readonly resync?: ResyncBug;
    readonly store?: StoreBug;
  };
}

/** How often the space of targets is measured. */
const MEASURE_MS = 5000;

export class StorageNode implements AsyncDisposable {
  /** Where it is reached, its port filled in. */
  readonly address: NetAddress;
  readonly incarnation: string;
  readonly router: RpcRouter;
  readonly agent: NodeAgent;
  readonly targets: readonly Target[];
  readonly repairer: ChunkRepairer;
  readonly #deps: StorageNodeDeps;
  readonly #server: RpcServer;
  readonly #clients: RpcClients;
  readonly #byChain: Map<ChainId, Replica> = new Map();
  readonly #newReplica: (id: TargetId, store: ChunkStore) => Replica;
  readonly #renewal: TargetRenewal;
  readonly #care: TargetCare;
  /** For bytes of answers. */
  readonly #room: AnswerRoom;
  readonly #metrics: NodeMetrics;
  readonly #tasks: Tasks = new Tasks();
  readonly #stop: AbortController = new AbortController();
  readonly #careStops: AbortController[] = [];
  #closed: Promise<void> | undefined;

  private constructor(deps: StorageNodeDeps, settings: StorageNodeSettings, parts: Parts) {
    this.#deps = deps;
    this.router = parts.router;
    this.address = parts.address;
    this.#server = parts.server;
    this.#clients = parts.clients;
    this.incarnation = toHex(deps.random.bytes(16));
    const callers = parts.clients;
    const { clock, random, log, metrics, probes, pool, bug } = deps;
    this.agent = new NodeAgent(
      { clock, random, log, probes, callers, host: this.#host() },
      {
        ...{ node: settings.node, kind: "storage", hostTag: settings.hostTag },
        ...{ incarnation: this.incarnation, addresses: [parts.address], managers: settings.managers },
        ...(settings.answerMs === undefined ? {} : { answerMs: settings.answerMs }),
      },
    );
    const shares = new TrafficShares({ metrics }, settings.shares);
    this.repairer = new ChunkRepairer({ clock, probes, pool, log, metrics }, settings.repair);
    const resync = new ChainResync(
      { clock, log, metrics, probes, repairer: this.repairer, ...(bug?.resync && { bug: bug.resync }) },
      settings.resync,
    );
    const sink = new StoreSyncSink({ log });
    const gate = new CapabilityGate({
      key: new CapabilityKey({ crypto: deps.crypto, clock }, { secrets: [deps.secret] }),
    });
    const chain = { ...DEFAULT_CHAIN_SETTINGS, ...settings.chain };
    const forwarderTo = forwardersOf(this, parts.clients, chain);
    const replicaDeps = {
      ...{ clock, random, log, probes, gate, resync, sink, shares, forwarderTo },
      repairer: this.repairer,
      leaseHolds: () => this.agent.lease.holds(),
      onChange: () => this.agent.wake(),
      ask: ((target, method, question, { trafficClass, ...options } = {}) =>
        parts.clients
          .to(addressOf(this.agent.routing, target), trafficClass)
          .call(method, question, options)) as Replica["deps"]["ask"],
      bug: bug?.chain,
    };
    this.#newReplica = (id, store) =>
      new Replica(id, { ...replicaDeps, store, isOpen: () => this.agent.isOpen(id) }, chain);
    this.targets = parts.stores.map(({ settings: target, store, isDamaged }) => {
      const made = new Target(target);
      if (store !== undefined) made.opened({ store, replica: this.#newReplica(target.id, store) });
      if (isDamaged) made.damaged();
      return made;
    });
    this.#renewal = new TargetRenewal(
      {
        ...{ clock, random, log, probes, disk: deps.disk, crc: deps.crc32c },
        routing: () => this.agent.routing,
        open: (target) => this.#open(target, settings),
      },
      {
        cluster: settings.clusterId,
        ...(settings.store?.segmentBytes && { segmentBytes: settings.store.segmentBytes }),
      },
    );
    this.#care = new TargetCare(
      { clock, random, log, metrics, repairer: this.repairer, shares },
      settings.care,
    );
    const synced = (replica: Replica): void => this.targetOf(replica.target)?.complete();
    const replicaOf = (id: ChainId): Replica | undefined => this.#byChain.get(id);
    // The rest is for what the store needs itself, and for what is passed on.
    const room = new AnswerRoom({ bytesMax: roomOf(pool.settings.bytesMax) });
    this.#room = room;
    const fetches = new StoreFetchSource();
    this.#metrics = new NodeMetrics(metrics);
    const handlers = new StorageHandlers({ replicaOf, sink, fetches, room, buffers: pool, synced });
    handlers.offer(this.#metrics.counting(parts.router));
  }

  /** Opens its targets and takes part from then on. */
  static async start(deps: StorageNodeDeps, settings: StorageNodeSettings): Promise<StorageNode> {
    const { clusterId, node, authentication = "on" } = settings;
    const stores = await openStores(deps, settings);
    const router = new RpcRouter(deps, settings.server);
    const user = deps.user ?? (async () => NOBODY);
    const authenticator: Authenticator =
      authentication === "off"
        ? { kind: "off", clusterId }
        : { kind: "on", clusterId, secret: deps.secret, user };
    const pool = deps.received ?? deps.pool;
    const server = new RpcServer({ ...deps, pool, router, authenticator }, settings.server);
    const credentials: Credentials =
      authentication === "on"
        ? { kind: "member", clusterId, secret: deps.secret, node }
        : { kind: "claim", clusterId, principal: { kind: "member", node } };
    const clients = new RpcClients({ ...deps, credentials }, settings.client);
    try {
      const address = await server.listen(settings.address);
      const started = new StorageNode(deps, settings, { stores, router, server, clients, address });
      await started.#start();
      return started;
    } catch (error) {
      for (const { store } of stores) await store?.close();
      throw error;
    }
  }

  /** Rejects when something broke that must not: the process must not go on. */
  get failure(): Promise<never> {
    return this.#tasks.failure;
  }

  targetOf(id: TargetId): Target | undefined {
    return this.targets.find(({ settings }) => settings.id === id);
  }

  /** Stops serving, lets what is under way end, says goodbye, and leaves everything durable. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(): Promise<void> {
    const { signal } = this.#stop;
    await Promise.all(this.targets.map((target) => target.measure()));
    this.#show();
    this.agent.routingCache.onChange((routing) => this.#follow(routing));
    this.#tasks.spawn(() => this.agent.run({ signal }));
    this.#tasks.spawn(() => this.#measure(signal));
    this.#tasks.spawn(() => this.#renewal.run(this.targets, { signal }));
    for (const { replica } of this.targets) if (replica !== undefined) this.#careFor(replica);
  }

  #careFor(replica: Replica): void {
    // A signal for each: one for all would have more listeners than Node thinks right. Not `AbortSignal.any`: Node
    // keeps its signals for as long as somebody listens, and all that they lead to.
    const own = new AbortController();
    this.#careStops.push(own);
    this.#tasks.spawn(() => this.#care.run(replica, { signal: own.signal }));
  }

  /** Takes in a target that could not be opened before. */
  async #open(target: Target, settings: StorageNodeSettings): Promise<void> {
    const store = await openTargetStore(this.#deps, settings, target.settings);
    if (this.#stop.signal.aborted) {
      await store.close();
      return;
    }
    const replica = this.#newReplica(target.settings.id, store);
    target.opened({ store, replica });
    this.#careFor(replica);
    this.#follow(this.agent.routing);
    await target.measure();
    this.agent.wake();
  }

  #follow(routing: RoutingInfo): void {
    const chains = new Map<TargetId, Chain>();
    for (const chain of routing.chains.values()) {
      for (const { target } of chain.targets) chains.set(target, chain);
    }
    for (const { settings, replica } of this.targets) {
      if (replica === undefined) continue;
      const before = replica.chain;
      const chain = chains.get(settings.id);
      replica.see(chain);
      if (before !== undefined && before !== chain?.id) this.#byChain.delete(before);
      if (chain !== undefined) this.#byChain.set(chain.id, replica);
    }
    this.#show();
  }

  /** To whoever scrapes the node. */
  #show(): void {
    const now = this.targets.map(({ settings: { id }, usedBytes, usableBytes }) => {
      return { target: id, state: this.#stateOf(id), usedBytes, usableBytes };
    });
    this.#metrics.show(now, this.#room);
  }

  /** What it is to its chain, as far as this node knows. */
  #stateOf(id: TargetId): TargetState | undefined {
    const chain = this.targetOf(id)?.replica?.chain;
    const members = chain === undefined ? undefined : this.agent.routing.chains.get(chain)?.targets;
    return members?.find((member) => member.target === id)?.state;
  }

  async #measure(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#deps.clock.sleep(MEASURE_MS, { signal }).catch(() => {});
      if (signal.aborted) return;
      await Promise.all(this.targets.map((target) => target.measure().catch(() => {})));
      this.#show();
    }
  }

  #host(): NodeHost {
    return {
      report: () => {
        const reports = this.targets.map((target) => target.report(this.#stateOf(target.settings.id)));
        this.#metrics.reported(reports);
        return reports;
      },
      release: (named) => {
        const wanted = new Set(named);
        let news = false;
        for (const { settings, replica } of this.targets) {
          if (replica === undefined) continue;
          const isNamed = wanted.has(settings.id);
          if (isNamed && !replica.hasStopped) news = true;
          replica.release(isNamed);
        }
        if (news) this.agent.wake();
      },
      opened: () => this.#follow(this.agent.routing),
      configure: async ({ text }) => this.#care.adjust(parseLiveSettings(text)),
    };
  }

  async #close(): Promise<void> {
    this.#deps.log.info("storage node closes");
    const reason = new Error("the node is closing");
    for (const stop of [this.#stop, ...this.#careStops]) stop.abort(reason);
    for (const { replica } of this.targets) replica?.stop();
    await this.#server.close();
    await this.repairer.close();
    await Promise.all(this.targets.map(({ replica }) => replica?.close()));
    await Promise.race([this.#tasks.idle(), this.#tasks.failure.catch(() => {})]);
    for (const { store } of this.targets) await store?.close();
    // It serves nothing from here on, which is what it says.
    await this.agent.leave();
    await this.#clients.close();
  }
}

/** A quarter of the memory; of little, as much as a whole chunk may need, or half. */
function roomOf(poolBytes: number): number {
  return Math.min(Math.floor(poolBytes / 2), Math.max(Math.floor(poolBytes / 4), CHUNK_BYTES_MAX));
}

interface Parts {
  readonly stores: readonly FoundTarget[];
  readonly router: RpcRouter;
  readonly server: RpcServer;
  readonly clients: RpcClients;
  readonly address: NetAddress;
}

/** Of users nothing is asked here: capabilities say what they may do. */
const NOBODY: UserIdentity = { uid: 65_534, gid: 65_534, groups: [], admin: false };

function addressOf(routing: RoutingInfo, target: TargetId): NetAddress {
  const info = routing.targets.get(target);
  const address = info && routing.nodes.get(info.node)?.addresses[0];
  if (address === undefined) throw refuse("NOT_READY", `nobody knows where target ${target} is`);
  return address;
}

/** One for each node that something is passed on to. */
function forwardersOf(
  node: { readonly agent: NodeAgent },
  clients: RpcClients,
  settings: ChainSettings,
): (target: TargetId) => Forwarder {
  const forwarders = new Map<string, Forwarder>();
  return (target) => {
    const address = addressOf(node.agent.routing, target);
    const name = formatAddress(address);
    let forwarder = forwarders.get(name);
    if (forwarder === undefined) {
      forwarder = new Forwarder({ caller: (trafficClass) => clients.to(address, trafficClass) }, settings);
      forwarders.set(name, forwarder);
    }
    return forwarder;
  };
}
