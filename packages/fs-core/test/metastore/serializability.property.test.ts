import { fc, test } from "@fast-check/vitest";
import { NO_PROBES, SeededRandom, type SignalOptions } from "@smallpond/base";
import { ManualClock } from "@smallpond/base/testing";
import {
  type ApplyOutcome,
  type KeyRange,
  LocalMetastore,
  MemoryStore,
  MemoryStoreState,
  type Metastore,
  type RangeOptions,
  type StoreMutation,
  type Transaction,
} from "@smallpond/fs-core";
import { FaultyStore } from "@smallpond/fs-core/testing";
import { expect, test as plainTest } from "vitest";
import { Cluster } from "./cluster.ts";
import { SerialCheck } from "./serial-check.ts";

const RUNS = Number(process.env.POND_PROPERTY_RUNS ?? 15);

async function whileTimePasses<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  let done = false;
  const settled = promise.finally(() => {
    done = true;
  });
  settled.catch(() => {});
  for (let step = 0; step < 100_000 && !done; step++) await clock.advance(1);
  return await settled;
}

test.prop([fc.integer({ min: 0 })], { numRuns: RUNS })(
  "concurrent transactions over a slow store are as if one after another",
  async (seed) => {
    const clock = new ManualClock();
    const random = new SeededRandom(seed);
    const bare = new MemoryStore({ state: new MemoryStoreState() });
    const faults = { latencyMs: random.int(6), unknownBeforeShare: 0.01, unknownAfterShare: 0.01 };
    const store = new FaultyStore({ clock, random, probes: NO_PROBES }, bare, faults);
    const metastore = new LocalMetastore({ store, clock, random });
    const check = new SerialCheck({ clock });
    const users = Array.from({ length: 6 }, (_, user) =>
      check.work(metastore, random.fork(`user ${user}`), 25),
    );
    await whileTimePasses(clock, Promise.all(users));
    store.heal();
    await whileTimePasses(clock, check.verify(metastore));
    expect(check.counts.committed).toBeGreaterThan(20);
  },
);

test.prop([fc.integer({ min: 0 })], { numRuns: Math.ceil(RUNS / 3) })(
  "so they are in a cluster whose owners change and whose messages and batches get lost",
  async (seed) => {
    const random = new SeededRandom(seed);
    await using cluster = new Cluster({ node: { lease: { leaseMs: 400, renewMs: 100, watchMs: 50 } } });
    const { clock } = cluster;
    const members = [await cluster.add(), await cluster.add(), await cluster.add()];
    await cluster.until(() => members.some(({ node }) => node.isOwner));
    for (const { store, losses } of members) {
      store.set({ latencyMs: random.int(5), unknownBeforeShare: 0.02, unknownAfterShare: 0.02 });
      store.set({ unknownLateShare: 0.02, lateMs: 50 });
      Object.assign(losses, { questionShare: 0.03, answerShare: 0.03 });
    }
    const check = new SerialCheck({ clock });
    const users = members.flatMap(({ node }, at) =>
      [0, 1].map((user) => check.work(node, random.fork(`user ${at} ${user}`), 25)),
    );
    let working = true;
    const nemesis = (async () => {
      while (working) {
        await clock.sleep(50 + random.int(200));
        const victim = members.find(({ node }) => node.isOwner) ?? members[random.int(3)]!;
        if (random.next() < 0.5) {
          victim.clock.pause();
          await clock.sleep(300 + random.int(400));
          victim.clock.resume();
        } else {
          victim.store.set({ unreachable: true });
          await clock.sleep(300 + random.int(400));
          victim.store.set({ unreachable: false });
        }
      }
    })();
    await whileTimePasses(clock, Promise.all(users));
    working = false;
    await whileTimePasses(clock, nemesis);
    for (const { store, losses } of members) {
      store.heal();
      Object.assign(losses, { questionShare: 0, answerShare: 0 });
    }
    await whileTimePasses(clock, check.verify(members[0]!.node));
    expect(check.counts.committed).toBeGreaterThan(10);
  },
);

/** Reads that nothing conflicts with. */
function careless(metastore: Metastore): Metastore {
  const begin = async (options?: SignalOptions): Promise<Transaction> => {
    const inner = await metastore.begin(options);
    return Object.assign(Object.create(Object.getPrototypeOf(inner)) as Transaction, {
      get: (key: Uint8Array) => inner.get(key, { snapshot: true }),
      range: (range: KeyRange, page: RangeOptions) => inner.range(range, { ...page, snapshot: true }),
      set: inner.set.bind(inner),
      clear: inner.clear.bind(inner),
      clearRange: inner.clearRange.bind(inner),
      add: inner.add.bind(inner),
      max: inner.max.bind(inner),
      setVersionstamped: inner.setVersionstamped.bind(inner),
      commit: inner.commit.bind(inner),
    });
  };
  return { begin, transact: (body, options) => metastore.transact(body, options) };
}

/** Says once that it wrote a batch that it did not write. */
class ForgetfulStore extends MemoryStore {
  #batches = 0;

  override async apply(
    batch: readonly StoreMutation[],
    options: { readonly epoch: bigint },
  ): Promise<ApplyOutcome> {
    this.#batches += 1;
    return this.#batches === 30 ? "applied" : await super.apply(batch, options);
  }
}

plainTest("the check notices when reads do not conflict, or a batch is lost", async () => {
  for (const fault of ["careless", "forgetful"] as const) {
    let found = 0;
    for (let seed = 0; seed < 10; seed++) {
      const clock = new ManualClock();
      const random = new SeededRandom(seed);
      const state = new MemoryStoreState();
      const bare = fault === "forgetful" ? new ForgetfulStore({ state }) : new MemoryStore({ state });
      const store = new FaultyStore({ clock, random, probes: NO_PROBES }, bare, { latencyMs: 3 });
      const metastore = new LocalMetastore({ store, clock, random });
      const check = new SerialCheck({ clock });
      const used = fault === "careless" ? careless(metastore) : metastore;
      const users = Array.from({ length: 6 }, (_, user) => check.work(used, random.fork(`user ${user}`), 25));
      await whileTimePasses(clock, Promise.all(users));
      store.heal();
      const verdict = await whileTimePasses(
        clock,
        check.verify(metastore).catch(() => "wrong"),
      );
      if (verdict === "wrong") found += 1;
    }
    expect(found).toBeGreaterThan(7);
  }
});
