import { NO_PROBES, SeededRandom } from "@smallpond/base";
import { ManualClock } from "@smallpond/base/testing";
import { describe, expect, it } from "vitest";
import type { NodeId } from "../../src/ids.ts";
import type { Metastore, Transaction, TransactOptions } from "../../src/metastore/transaction.ts";
import { Election, type Term } from "../../src/mgmtd/election/election.ts";
import { LeaseWatch } from "../../src/mgmtd/election/lease-watch.ts";
import { MgmtdStore } from "../../src/mgmtd/primary/store.ts";
import type { LeaseRow } from "../../src/mgmtd/rows/lease-row.ts";
import { silentLogger } from "../../src/service/log.ts";
import { openMemoryMetastore } from "../../src/testing/memory-metastore.ts";
import { SkewedClock } from "./support/skewed-clock.ts";

const SETTINGS = { leaseMs: 6000, renewMs: 1500, nodeLeaseMs: 10_000, clockDriftMax: 0.01 };

/** Takes its time, before and after what it does. */
class SlowMetastore implements Metastore {
  readonly #metastore: Metastore;
  readonly #clock: ManualClock;
  beforeMs = 0;
  afterMs = 0;

  constructor(metastore: Metastore, clock: ManualClock) {
    this.#metastore = metastore;
    this.#clock = clock;
  }

  begin(): Promise<Transaction> {
    return this.#metastore.begin();
  }

  async transact<T>(
    body: (transaction: Transaction) => Promise<T>,
    options: TransactOptions = {},
  ): Promise<T> {
    await this.#clock.sleep(this.beforeMs);
    const result = await this.#metastore.transact(body, { repeatable: options.repeatable ?? false });
    await this.#clock.sleep(this.afterMs);
    return result;
  }
}

class World {
  readonly clock: ManualClock = new ManualClock();
  readonly random: SeededRandom = new SeededRandom(3);
  readonly metastore: Metastore = openMemoryMetastore(this);
  #count = 0;

  contend(clock: SkewedClock | ManualClock = this.clock) {
    this.#count += 1;
    const slow = new SlowMetastore(this.metastore, this.clock);
    const store = new MgmtdStore({ metastore: slow });
    const incarnation = this.#count.toString(16).padStart(32, "0");
    const deps = {
      store,
      clock,
      random: this.random.fork(incarnation),
      log: silentLogger(),
      probes: NO_PROBES,
    };
    const election = new Election(deps, {
      ...SETTINGS,
      node: this.#count as NodeId,
      incarnation,
      addresses: [{ kind: "unix", path: `/m${this.#count}` }],
    });
    const stop = new AbortController();
    const terms: Term[] = [];
    const ended = election.run(async (term) => void terms.push(term), { signal: stop.signal });
    return { election, terms, slow, store, ended, stop: () => stop.abort(new Error("stop")) };
  }
}

describe("the election", () => {
  it("has one winner, whom the others know", async () => {
    const world = new World();
    const [first, second] = [world.contend(), world.contend()];
    await world.clock.advance(4000);
    const winners = [first, second].filter(({ election }) => election.term !== undefined);
    expect(winners.length).toBe(1);
    const loser = winners[0] === first ? second : first;
    expect(loser.election.holder).toMatchObject({ term: 1n, node: winners[0] === first ? 1 : 2 });
  });

  it("lets the winner act only for a lease from before it began to renew", async () => {
    const world = new World();
    const { election, slow } = world.contend();
    await world.clock.advance(1);
    expect(election.term?.number).toBe(1n);
    // The next renewal is stored at once, but the answer takes four seconds.
    slow.afterMs = 4000;
    await world.clock.advance(1500);
    const beganMs = world.clock.monotonicMs();
    await world.clock.advance(4500);
    slow.afterMs = 60_000;
    const began = beganMs - 1500;
    while (election.term !== undefined) await world.clock.advance(10);
    // It was begun within the first 1,500 ms, and answered four seconds later.
    expect(world.clock.monotonicMs()).toBeLessThanOrEqual(began + 1500 + SETTINGS.leaseMs + 10);
  });

  it("never has two who act, whatever their clocks and their store do", async () => {
    let elections = 0n;
    for (let seed = 1; seed <= 10; seed++) {
      const world = new World();
      const random = new SeededRandom(seed);
      const clocks = [-1, 0, 1].map(
        (sign) => new SkewedClock(world.clock, { rate: 1 + sign * 0.0095, startMs: random.int(1e6) }),
      );
      const contenders = clocks.map((clock) => world.contend(clock));
      let terms = 0n;
      for (let ms = 0; ms < 120_000; ms += 25) {
        await world.clock.advance(25);
        if (random.next() < 0.005) {
          const { slow } = contenders[random.int(3)]!;
          slow.beforeMs = random.next() < 0.5 ? 0 : random.int(9000);
          slow.afterMs = random.next() < 0.5 ? 0 : random.int(9000);
          clocks[random.int(3)]!.wallOffsetMs = random.int(1e9);
        }
        const acting = contenders.flatMap(({ election }) => election.term?.number ?? []);
        expect(acting.length).toBeLessThan(2);
        for (const term of acting) {
          expect(term).toBeGreaterThanOrEqual(terms);
          terms = term;
        }
      }
      elections += terms;
    }
    expect(elections).toBeGreaterThan(20n);
  });

  it("refuses what an old primary writes, and tells it so", async () => {
    const world = new World();
    const first = world.contend();
    await world.clock.advance(100);
    first.slow.beforeMs = 1e9;
    const second = world.contend();
    await world.clock.advance(12_000);
    expect(first.election.term).toBeUndefined();
    expect(second.election.term?.number).toBe(2n);
    const store = new MgmtdStore({ metastore: world.metastore });
    const chains: never[] = [];
    await expect(store.commit(1n, { chains }, 0n)).rejects.toMatchObject({ code: "NOT_PRIMARY" });
    const config = { kind: "meta", version: 1, text: "", note: "", author: "", atMs: 0 } as const;
    await expect(store.putConfig(1n, config)).rejects.toMatchObject({ code: "NOT_PRIMARY" });
    expect(await store.renewLease(1n, false)).toBe(false);
    await store.commit(2n, { chains }, 0n);
    expect((await store.load()).version).toBe(1n);
  });

  it("takes a change that is written again for one", async () => {
    const world = new World();
    world.contend();
    await world.clock.advance(100);
    const store = new MgmtdStore({ metastore: world.metastore });
    const target = { id: 4 as never, node: 1 as never, disk: 0, hold: "none" } as const;
    await store.commit(1n, { targets: [target] }, 0n);
    await store.commit(1n, { targets: [target] }, 0n);
    expect(await store.load()).toMatchObject({ version: 1n, targets: [{ changed: 1n, value: target }] });
    // One that arrives after another change was made finds that it is late.
    await store.commit(1n, { targets: [target] }, 1n);
    await expect(store.commit(1n, { targets: [target] }, 0n)).rejects.toThrow(/version 2 where 0/);
  });

  it("lets one that yields stand back", async () => {
    const world = new World();
    const first = world.contend();
    await world.clock.advance(100);
    const second = world.contend();
    await world.clock.advance(100);
    first.terms[0]!.yield("test");
    expect(first.election.term).toBeUndefined();
    await world.clock.advance(4000);
    expect(second.election.term?.number).toBe(2n);
    expect(first.election.term).toBeUndefined();
  });

  it("releases the lease when it stops", async () => {
    const world = new World();
    const first = world.contend();
    await world.clock.advance(100);
    first.stop();
    await world.clock.advance(1500);
    await first.ended;
    expect(await new MgmtdStore({ metastore: world.metastore }).lease()).toMatchObject({
      term: 1n,
      released: true,
    });
  });
});

describe("who watches a lease", () => {
  const row: LeaseRow = {
    term: 3n,
    node: 1 as NodeId,
    incarnation: "0".repeat(32),
    addresses: [],
    renewals: 8n,
    leaseMs: 6000,
    nodeLeaseMs: 10_000,
    released: false,
  };

  it("takes it for over when it stood still for a lease and what clocks may differ by", async () => {
    const clock = new ManualClock();
    const watch = new LeaseWatch({ clock }, { clockDriftMax: 0.01 });
    expect(watch.isOver(row)).toBe(false);
    await clock.advance(6100);
    expect(watch.isOver(row)).toBe(false);
    await clock.advance(30);
    expect(watch.isOver(row)).toBe(true);
    expect(watch.isOver({ ...row, renewals: 9n })).toBe(false);
    await clock.advance(6130);
    expect(watch.isOver({ ...row, renewals: 9n })).toBe(true);
  });

  it("does not wait for one that was released, or never taken", () => {
    const watch = new LeaseWatch({ clock: new ManualClock() }, { clockDriftMax: 0.01 });
    expect(watch.isOver(undefined)).toBe(true);
    expect(watch.isOver({ ...row, released: true })).toBe(true);
  });
});
