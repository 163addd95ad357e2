/** Metastore nodes of one store in memory, over a network in memory, in virtual time. */
import { type NetAddress, NO_PROBES, type Probes, SeededRandom } from "@smallpond/base";
import { ManualClock, MemoryNet } from "@smallpond/base/testing";
import {
  type Caller,
  MemoryStore,
  MemoryStoreState,
  MetastoreMetrics,
  MetastoreNode,
  type MetastoreNodeSettings,
  Metrics,
  silentLogger,
} from "@smallpond/fs-core";
import { FaultyStore, testClients, testServer } from "@smallpond/fs-core/testing";
import { openBufferPool } from "@smallpond/fs-native";
import { type Losses, lossyCaller } from "./lossy-caller.ts";
import { PausableClock } from "./pausable-clock.ts";

export interface Member {
  readonly node: MetastoreNode;
  readonly clock: PausableClock;
  readonly losses: Losses;
  readonly store: FaultyStore;
  readonly metrics: MetastoreMetrics;
  readonly address: NetAddress;
  /** Calls another member's methods directly. */
  callTo(member: Pick<Member, "address">): Caller;
  /** Goes without a word: its lease has to run out. */
  crash(): Promise<void>;
}

export interface ClusterSettings {
  readonly probes?: Probes;
  readonly node?: MetastoreNodeSettings;
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
    const clock = new PausableClock(this.clock);
    const deps = { net: this.#net, clock, random: random.fork("rpc"), probes };
    const pool = openBufferPool();
    const { server, router } = testServer({ ...deps, pool });
    const clients = testClients(deps);
    const address: NetAddress = { kind: "tcp", host: "127.0.0.1", port: 7000 + number };
    const bare = new MemoryStore({ state: this.state });
    const store = new FaultyStore({ clock, random: random.fork("store"), probes }, bare);
    const losses: Losses = { questionShare: 0, answerShare: 0 };
    const callerOf = (owner: NetAddress): Caller =>
      lossyCaller(clients.to(owner), random.fork("losses"), losses);
    const metrics = new MetastoreMetrics(new Metrics());
    const node = new MetastoreNode(
      { ...deps, random, store, log: silentLogger(), metrics, callerOf },
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
    const callTo = (member: Pick<Member, "address">): Caller => clients.to(member.address);
    return { node, clock, losses, store, metrics, address, callTo, crash };
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
