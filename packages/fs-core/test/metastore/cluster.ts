/** Metastore nodes of one store in memory, over a network in memory, in virtual time. */
import { type NetAddress, NO_PROBES, type Probes, SeededRandom } from "@smallpond/base";
import { ManualClock, MemoryNet } from "@smallpond/base/testing";
import {
  MemoryStore,
  MemoryStoreState,
  MetastoreMetrics,
  MetastoreNode,
  type MetastoreNodeSettings,
  Metrics,
  type OrderedStore,
  silentLogger,
} from "@smallpond/fs-core";
import { testClients, testServer } from "@smallpond/fs-core/testing";
import { openBufferPool } from "@smallpond/fs-native";

export interface Member {
  readonly node: MetastoreNode;
  readonly store: OrderedStore;
  readonly metrics: MetastoreMetrics;
  /** Goes without a word: its lease has to run out. */
  crash(): Promise<void>;
}

export interface ClusterSettings {
  readonly probes?: Probes;
  readonly node?: MetastoreNodeSettings;
  /** What stands between a member and the state. */
  readonly wrap?: (store: OrderedStore, member: number) => OrderedStore;
}

export class Cluster implements AsyncDisposable {
  readonly clock: ManualClock = new ManualClock();
  readonly state: MemoryStoreState = new MemoryStoreState();
  readonly #net = new MemoryNet();
  readonly #settings: ClusterSettings;
  readonly #ends: (() => Promise<void>)[] = [];
  #count = 0;

  constructor(settings: ClusterSettings = {}) {
    this.#settings = settings;
  }

  async add(): Promise<Member> {
    const number = ++this.#count;
    const probes = this.#settings.probes ?? NO_PROBES;
    const random = new SeededRandom(number);
    const deps = { net: this.#net, clock: this.clock, random: random.fork("rpc"), probes };
    const pool = openBufferPool();
    const { server, router } = testServer({ ...deps, pool });
    const clients = testClients(deps);
    const address: NetAddress = { kind: "tcp", host: "127.0.0.1", port: 7000 + number };
    const bare = new MemoryStore({ state: this.state });
    const store = this.#settings.wrap?.(bare, number) ?? bare;
    const metrics = new MetastoreMetrics(new Metrics());
    const node = new MetastoreNode(
      { ...deps, random, store, log: silentLogger(), metrics, callerOf: (owner) => clients.to(owner) },
      { ...this.#settings.node, address },
    );
    node.register(router);
    await server.listen(address);
    node.start();
    const end = async (): Promise<void> => {
      await Promise.all([this.#whileTimePasses(node.close()), this.#whileTimePasses(server.close())]);
      await this.#whileTimePasses(clients.close());
      pool[Symbol.dispose]();
    };
    this.#ends.push(end);
    const crash = async (): Promise<void> => {
      await bare.close();
      await this.#whileTimePasses(Promise.all([server.close(), clients.close()]));
    };
    return { node, store, metrics, crash };
  }

  /** The owner and another one. */
  async pair(): Promise<readonly [owner: Member, other: Member]> {
    const owner = await this.add();
    await this.until(() => owner.node.isOwner);
    const other = await this.add();
    await this.until(() => other.node.owner.kind === "elsewhere");
    return [owner, other];
  }

  /** Lets time pass until it is so. */
  async until(isSo: () => boolean): Promise<void> {
    for (let step = 0; step < 10_000; step++) {
      if (isSo()) return;
      await this.clock.advance(10);
    }
    throw new Error("it did not come to that");
  }

  /** What the promise comes to, if that takes time. */
  async result<T>(promise: Promise<T>): Promise<T> {
    await this.#whileTimePasses(promise.catch(() => {}));
    return await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) await end();
  }

  async #whileTimePasses(promise: Promise<unknown>): Promise<void> {
    let done = false;
    void promise.finally(() => {
      done = true;
    });
    await this.until(() => done);
  }
}
