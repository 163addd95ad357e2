/** A cluster in virtual time: managers over one store, storage nodes without data, and a wire that can be cut. */
import { type Clock, NO_PROBES, PondError, SeededRandom, type SignalOptions, toHex } from "@smallpond/base";
import { ManualClock } from "@smallpond/base/testing";
import type { ChainId, NodeId, TargetId } from "../../../src/ids.ts";
import type { Metastore, Transaction, TransactOptions } from "../../../src/metastore/transaction.ts";
import { MgmtdClient, type MgmtdClientSettings } from "../../../src/mgmtd/agent/mgmtd-client.ts";
import { NodeAgent } from "../../../src/mgmtd/agent/node-agent.ts";
import type { Chain } from "../../../src/mgmtd/model/chain.ts";
import type { Config } from "../../../src/mgmtd/model/config.ts";
import type { OperatorAction } from "../../../src/mgmtd/service/actions.ts";
import { MgmtdService } from "../../../src/mgmtd/service/mgmtd-service.ts";
import type { MgmtdSettings } from "../../../src/mgmtd/settings.ts";
import { silentLogger } from "../../../src/service/log.ts";
import { Metrics } from "../../../src/service/metrics.ts";
import { openMemoryMetastore } from "../../../src/testing/memory-metastore.ts";
import type { Principal } from "../../../src/wire/rpc/method.ts";
import { addressOf, FakeWire } from "./fake-wire.ts";
import { ModelStorage } from "./model-storage.ts";

export interface RunningNode {
  readonly storage: ModelStorage;
  readonly agent: NodeAgent;
  readonly incarnation: string;
  /** Ends without a word, as SIGKILL does. */
  kill(): void;
  /** Ends in order. */
  leave(): Promise<void>;
  /** Rejects if the agent ended by itself. */
  readonly ended: Promise<void>;
}

export interface RunningManager {
  readonly service: MgmtdService;
  /** While true, neither the store nor anybody else hears of it, nor it of them. */
  isolate(isolated: boolean): void;
  stop(): Promise<void>;
}

/** Nothing is answered while it is cut: the store cannot be reached, or the process is paused. */
class CutMetastore implements Metastore {
  readonly #metastore: Metastore;
  readonly #clock: Clock;
  isCut = false;

  constructor(metastore: Metastore, clock: Clock) {
    this.#metastore = metastore;
    this.#clock = clock;
  }

  begin(options?: SignalOptions): Promise<Transaction> {
    return this.isCut ? new Promise(() => {}) : this.#metastore.begin(options);
  }

  async transact<T>(
    body: (transaction: Transaction) => Promise<T>,
    options: TransactOptions = {},
  ): Promise<T> {
    if (!this.isCut) return await this.#metastore.transact(body, options);
    await this.#clock.sleep(options.timeoutMs ?? 10_000, options);
    throw new PondError("STORE_UNREACHABLE", { kind: "unavailable", message: "the store does not answer" });
  }
}

export const t = (id: number): TargetId => id as TargetId;
export const n = (id: number): NodeId => id as NodeId;
export const c = (id: number): ChainId => id as ChainId;

export class TestCluster {
  readonly clock: ManualClock = new ManualClock();
  readonly random: SeededRandom = new SeededRandom(7);
  readonly wire: FakeWire = new FakeWire(this.clock);
  readonly metastore: Metastore = openMemoryMetastore(this);
  readonly managers: Map<string, RunningManager> = new Map();
  readonly nodes: Map<number, RunningNode> = new Map();
  readonly admin: MgmtdClient;
  readonly #names: readonly string[];
  readonly #stop: AbortController = new AbortController();
  /** The name of the last client ends in it. */
  lastClient = 0;
  #forks = 0;

  constructor(names: readonly string[] = ["m1", "m2"]) {
    this.#names = names;
    this.admin = this.client();
  }

  startManager(name: string, settings: Partial<MgmtdSettings> & { clock?: Clock } = {}): RunningManager {
    const stop = new AbortController();
    const metastore = new CutMetastore(this.metastore, this.clock);
    const common = { ...this.#common(), clock: settings.clock ?? this.clock };
    const deps = { ...common, metrics: new Metrics(), metastore };
    const service = new MgmtdService(deps, {
      node: n(900 + this.#names.indexOf(name)),
      incarnation: this.#incarnation(),
      addresses: [addressOf(name)],
      ...settings,
    });
    service.offer(this.wire.registry(name));
    const ended = service.run({ signal: stop.signal });
    const running = {
      service,
      isolate: (isolated: boolean) => {
        metastore.isCut = isolated;
        if (isolated) this.wire.cut(name);
        else this.wire.mend(name);
      },
      stop: async () => {
        stop.abort(new Error("stopped"));
        await ended;
      },
    };
    this.managers.set(name, running);
    return running;
  }

  startNode(
    id: number,
    targets: readonly number[],
    settings: { readonly hostTag?: string; readonly clock?: Clock } = {},
  ): RunningNode {
    const stop = new AbortController();
    const clock = settings.clock ?? this.clock;
    const storage = new ModelStorage(clock, targets.map(t));
    const incarnation = this.#incarnation();
    const name = `s${id}`;
    const deps = {
      ...this.#common(),
      clock,
      callers: this.wire.callers(name, { kind: "member", node: n(id) }),
      host: storage,
    };
    const agent = new NodeAgent(deps, {
      node: n(id),
      kind: "storage",
      incarnation,
      addresses: [addressOf(name)],
      hostTag: settings.hostTag ?? `h${id}`,
      managers: this.#names.map(addressOf),
    });
    storage.attach(agent);
    const ended = agent.run({ signal: stop.signal });
    ended.catch(() => {});
    const node: RunningNode = {
      storage,
      agent,
      incarnation,
      ended,
      kill: () => {
        storage.die();
        stop.abort(new Error("killed"));
      },
      leave: async () => {
        stop.abort(new Error("leaving"));
        await ended;
        await agent.leave();
      },
    };
    this.nodes.set(id, node);
    return node;
  }

  client(
    principal: Principal = { kind: "member", node: undefined },
    settings: Partial<MgmtdClientSettings> = {},
    onConfig: (config: Config) => void = () => {},
  ): MgmtdClient {
    this.lastClient += 1;
    const callers = this.wire.callers(`client${this.lastClient}`, principal);
    const deps = { ...this.#common(), callers, onConfig };
    return new MgmtdClient(deps, { managers: this.#names.map(addressOf), ...settings });
  }

  /** One manager, and a chain of one target on each of `nodes` storage nodes. All serve when it returns. */
  async upWithChain(nodes: number): Promise<void> {
    this.startManager("m1");
    for (let id = 1; id <= nodes; id++) this.startNode(id, [id]);
    await this.clock.advance(1500);
    const targets = Array.from({ length: nodes }, (_, at) => t(at + 1));
    await this.operate({ kind: "createChains", chains: [{ id: c(1), targets }] });
    await this.clock.advance(3000);
    void this.admin.run({ signal: this.#stop.signal });
    await this.clock.advance(100);
  }

  /** Time has to go by for the call to be answered. */
  async operate(action: OperatorAction): Promise<number | undefined> {
    const { number } = await this.inTime(this.admin.operate(action));
    return number;
  }

  async inTime<T>(work: Promise<T>, ms = 50): Promise<T> {
    const settled = work.then(
      (value) => () => value,
      (error: unknown) => () => {
        throw error as Error;
      },
    );
    await this.pass(ms);
    return (await settled)();
  }

  /** Time in small steps: long chains of promises end between them. */
  async pass(ms: number, stepMs = 10): Promise<void> {
    for (let leftMs = ms; leftMs > 0; leftMs -= stepMs) await this.clock.advance(Math.min(leftMs, stepMs));
  }

  /** As the watching client knows it. */
  chain(id: number): Chain {
    return this.admin.routing.chains.get(c(id))!;
  }

  shown(id: number): string {
    return this.chain(id)
      .targets.map(({ target, state }) => `${target} ${state}`)
      .join(", ");
  }

  /** Advances in steps until it holds; how long that took. */
  async until(holds: () => boolean, maxMs: number, stepMs = 50): Promise<number> {
    for (let tookMs = 0; ; tookMs += stepMs) {
      if (holds()) return tookMs;
      if (tookMs > maxMs) throw new Error(`did not happen in ${maxMs} ms`);
      await this.clock.advance(stepMs);
    }
  }

  async down(): Promise<void> {
    this.#stop.abort(new Error("down"));
    for (const node of this.nodes.values()) node.kill();
    const stopped = [...this.managers.values()].map((manager) => manager.stop());
    await this.clock.advance(30_000);
    await Promise.all(stopped);
  }

  #incarnation(): string {
    return toHex(this.random.bytes(16));
  }

  #common() {
    this.#forks += 1;
    const random = this.random.fork(`participant ${this.#forks}`);
    return { clock: this.clock, random, log: silentLogger(), probes: NO_PROBES };
  }
}
