/**
 * I5 and I6 under anything that can go wrong: managers and nodes with clocks of their own that run apart and whose wall
 * time means nothing, cut off from each other and from the store at random. Looked at every few milliseconds.
 */
import { SeededRandom } from "@smallpond/base";
import { describe, expect, it } from "vitest";
import type { Chain } from "../../src/mgmtd/model/chain.ts";
import { c, TestCluster, t } from "./support/cluster.ts";
import { SkewedClock } from "./support/skewed-clock.ts";

const NODES = [1, 2, 3] as const;
const MANAGERS = ["m1", "m2", "m3"] as const;
const STEP_MS = 20;
const FAULT_STEPS = 3000;
/** Of a strike at each step. */
const STRIKE = 0.02;
/** Less than the settings allow for. */
const DRIFT = 0.009;

class Storm {
  readonly cluster: TestCluster = new TestCluster(MANAGERS);
  readonly random: SeededRandom;
  readonly clocks: SkewedClock[] = [];
  readonly terms: Set<bigint> = new Set();
  served = 0;
  changes = 0;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  async start(): Promise<void> {
    const { cluster, random } = this;
    cluster.wire.latencyMs = () => (random.next() < 0.02 ? random.int(3000) : 1 + random.int(20));
    for (const name of MANAGERS) cluster.startManager(name, { clock: this.#clock() });
    for (const id of NODES) cluster.startNode(id, [id], { clock: this.#clock() });
    await cluster.clock.advance(5000);
    const chains = [{ id: c(1), targets: NODES.map(t) }];
    await cluster.inTime(cluster.admin.operate({ kind: "createChains", chains }), 10_000);
    await cluster.clock.advance(5000);
  }

  /** One thing breaks or is mended. */
  strike(): void {
    const { cluster, random } = this;
    const primary = MANAGERS.find((each) => cluster.managers.get(each)!.service.term !== undefined);
    const name = (random.next() < 0.5 ? primary : undefined) ?? MANAGERS[random.int(MANAGERS.length)]!;
    const id = NODES[random.int(NODES.length)]!;
    const broken = random.next() < 0.5;
    switch (random.int(6)) {
      case 0:
        cluster.managers.get(name)!.isolate(broken);
        break;
      case 1:
        if (broken) cluster.wire.cut(`s${id}`);
        else cluster.wire.mend(`s${id}`);
        break;
      case 2:
        if (broken) cluster.wire.cut(`s${id}`, name);
        else cluster.wire.mend(`s${id}`, name);
        break;
      case 3:
        cluster.nodes.get(id)!.kill();
        cluster.startNode(id, [id], { clock: this.#clock() });
        break;
      case 4:
        this.clocks[random.int(this.clocks.length)]!.wallOffsetMs = (random.next() - 0.5) * 1e9;
        break;
      case 5:
        void cluster.nodes.get(id)!.agent.wake();
        break;
    }
  }

  mend(): void {
    const { wire, managers } = this.cluster;
    for (const name of MANAGERS) managers.get(name)!.isolate(false);
    for (const id of NODES) {
      wire.mend(`s${id}`);
      for (const name of MANAGERS) wire.mend(`s${id}`, name);
    }
  }

  look(): void {
    const acting = MANAGERS.flatMap((name) => this.cluster.managers.get(name)!.service.term ?? []);
    if (acting.length > 1) throw new Error(`terms ${acting.join(" and ")} act at once`);
    for (const term of acting) this.terms.add(term);
    const newest = this.newest();
    if (newest.version > this.#last.version) this.changes += 1;
    this.#last = newest;
    for (const id of NODES) {
      const version = this.cluster.nodes.get(id)!.storage.servesIn(t(id));
      if (version === undefined) continue;
      this.served += 1;
      const state = newest.targets.find(({ target }) => target === id)!.state;
      if (newest.version <= version || state === "serving") continue;
      throw new Error(`target ${id} serves in version ${version}, and version ${newest.version} dropped it`);
    }
  }

  /** The chain as anybody knows it who knows most: what was published. */
  newest(): Chain {
    const known = NODES.flatMap((id) => this.cluster.nodes.get(id)!.agent.routing.chains.get(c(1)) ?? []);
    return known.reduce((best, chain) => (chain.version > best.version ? chain : best), this.#last);
  }

  #last: Chain = { id: c(1), version: 0 as never, targets: [], preferred: [] };

  #clock(): SkewedClock {
    const rate = 1 + DRIFT * (2 * this.random.next() - 1);
    const clock = new SkewedClock(this.cluster.clock, { rate, startMs: this.random.int(1e6) });
    this.clocks.push(clock);
    return clock;
  }
}

/** Fewer say little of what an average run goes through. */
const SEEDS_DEFAULT = 24;
const SEEDS = Array.from(
  { length: Number(process.env.POND_LEASE_SEEDS ?? SEEDS_DEFAULT) },
  (_, at) => at + 1,
);

describe("whatever goes wrong", () => {
  const totals = { terms: 0, served: 0, changes: 0 };

  it.each(SEEDS)(
    "one primary acts, nobody serves who was dropped, and all serve again (seed %i)",
    async (seed) => {
      const storm = new Storm(seed);
      await storm.start();
      for (let step = 0; step < FAULT_STEPS; step++) {
        if (storm.random.next() < STRIKE) storm.strike();
        await storm.cluster.clock.advance(STEP_MS);
        storm.look();
      }
      storm.mend();
      let healedMs = 0;
      while (storm.newest().targets.some(({ state }) => state !== "serving")) {
        await storm.cluster.clock.advance(STEP_MS);
        storm.look();
        healedMs += STEP_MS;
        if (healedMs > 60_000) throw new Error(`not healed: ${JSON.stringify(storm.newest())}`);
      }
      totals.terms += storm.terms.size;
      totals.served += storm.served;
      totals.changes += storm.changes;
      await storm.cluster.down();
    },
  );

  it("went through something, and served most of the time", () => {
    expect(totals.terms / SEEDS.length).toBeGreaterThan(3);
    expect(totals.changes / SEEDS.length).toBeGreaterThan(5);
    expect(totals.served / SEEDS.length).toBeGreaterThan(FAULT_STEPS / 2);
  });
});
