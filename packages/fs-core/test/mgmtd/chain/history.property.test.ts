/**
 * Walks of chains whose replicas hold data: each acknowledged write is a bit. Replicas die, come back, lose disks, catch
 * up; the cluster manager looks now and then. What was visible once must be on every replica that serves, for ever.
 */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { ChainId, TargetId } from "../../../src/ids.ts";
import { nextChain } from "../../../src/mgmtd/chain/next-chain.ts";
import { newChain } from "../../../src/mgmtd/chain/operations/new-chain.ts";
import type { Chain, LocalState } from "../../../src/mgmtd/model/chain.ts";

type Move =
  | { readonly kind: "write" | "partial"; readonly reach: number }
  | { readonly kind: "die" | "return" | "loseDisk"; readonly who: number }
  | { readonly kind: "synced" | "look" };

interface Replica {
  readonly id: TargetId;
  alive: boolean;
  data: bigint;
  /** Since its return it has not seen itself out of the chain. */
  starting: boolean;
  lost: boolean;
  /** The chain's version in which it said that it has caught up. */
  caughtUpIn: number | undefined;
}

class World {
  chain: Chain;
  readonly replicas: readonly Replica[];
  /** What some reader saw or some writer was told. */
  visible = 0n;
  #written = 0n;

  constructor(size: number) {
    const ids = Array.from({ length: size }, (_, at) => (at + 1) as TargetId);
    this.chain = newChain(1 as ChainId, ids);
    this.replicas = ids.map((id) => ({
      id,
      alive: true,
      data: 0n,
      starting: false,
      lost: false,
      caughtUpIn: undefined,
    }));
  }

  play(move: Move): void {
    switch (move.kind) {
      case "write":
        this.#write(this.#path().length);
        break;
      case "partial":
        this.#write(move.reach);
        break;
      case "die":
        this.#at(move.who).alive = false;
        this.#at(move.who).caughtUpIn = undefined;
        break;
      case "return":
        this.#return(this.#at(move.who));
        break;
      case "loseDisk":
        this.#loseDisk(this.#at(move.who));
        break;
      case "synced":
        this.#sync();
        break;
      case "look":
        this.look();
        break;
    }
  }

  look(): void {
    const before = this.chain;
    this.chain = nextChain(before, (target) => this.#local(target));
    if (this.chain !== before) this.#settle();
    for (const replica of this.replicas) {
      const out = !["serving", "syncing", "waiting"].includes(this.stateOf(replica.id));
      if (replica.alive && out) replica.starting = false;
    }
  }

  stateOf(id: TargetId): string {
    return this.chain.targets.find(({ target }) => target === id)!.state;
  }

  /** Brings everybody back who still has a disk, and plays on until nothing changes. Returns the number of looks. */
  heal(): number {
    for (const replica of this.replicas) if (!replica.alive) this.#return(replica);
    // What a writer began, the chain ends.
    this.#settle();
    for (let looks = 1; ; looks++) {
      const before = this.chain;
      const started = this.replicas.every(({ starting }) => !starting);
      this.#sync();
      this.look();
      if ((before === this.chain && started) || looks > 50) return looks;
    }
  }

  #at(who: number): Replica {
    return this.replicas[who % this.replicas.length]!;
  }

  #of(id: TargetId): Replica {
    return this.replicas[id - 1]!;
  }

  #local(id: TargetId): LocalState {
    const replica = this.#of(id);
    if (!replica.alive || replica.starting) return "offline";
    if (replica.caughtUpIn === this.chain.version) return "upToDate";
    return replica.lost ? "incomplete" : "online";
  }

  /** Who a write passes through: servers, then who is syncing. */
  #path(): readonly Replica[] {
    const path = this.chain.targets.filter(({ state }) => state === "serving" || state === "syncing");
    return path.some(({ state }) => state === "serving") ? path.map(({ target }) => this.#of(target)) : [];
  }

  /** Applied by the first `reach` of the path, as far as those before are alive; acknowledged if by all. */
  #write(reach: number): void {
    const path = this.#path();
    const bit = 1n << this.#written;
    this.#written += 1n;
    let applied = 0;
    for (const replica of path.slice(0, reach)) {
      if (!replica.alive || replica.starting) break;
      replica.data |= bit;
      applied += 1;
    }
    const servers = this.chain.targets.filter(({ state }) => state === "serving").length;
    // The tail of the servers shows it to readers; the writer is told when all of the path has it.
    if (servers > 0 && applied >= servers) this.visible |= bit;
  }

  #return(replica: Replica): void {
    if (replica.alive) return;
    replica.alive = true;
    replica.starting = true;
    replica.caughtUpIn = undefined;
  }

  /** A dead replica's disk is replaced; never the last complete one's, after which nothing could be right. */
  #loseDisk(replica: Replica): void {
    const complete = this.chain.targets.filter(({ state }) => state === "serving" || state === "lastServer");
    const others = complete.filter(({ target }) => target !== replica.id && !this.#of(target).lost);
    if (replica.alive || others.length === 0) return;
    replica.data = 0n;
    replica.lost = true;
  }

  #sync(): void {
    const syncing = this.chain.targets.find(({ state }) => state === "syncing");
    if (syncing === undefined) return;
    const replica = this.#of(syncing.target);
    const source = this.#of(this.chain.targets.findLast(({ state }) => state === "serving")!.target);
    const able = replica.alive && !replica.starting && source.alive && !source.starting;
    if (!able) return;
    replica.data = source.data;
    replica.lost = false;
    replica.caughtUpIn = this.chain.version;
  }

  /** I13: the replicas of the new version agree before they do anything else; each has what those behind it have. */
  #settle(): void {
    const path = this.#path().filter(({ alive, starting }) => alive && !starting);
    const [head] = path;
    if (head === undefined) return;
    for (const replica of path) {
      if (this.stateOf(replica.id) === "serving") replica.data |= head.data;
    }
  }
}

const who = fc.nat({ max: 3 });
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Move>({ kind: "write", reach: 0 }) },
  { weight: 2, arbitrary: fc.nat({ max: 4 }).map((reach): Move => ({ kind: "partial", reach })) },
  { weight: 3, arbitrary: who.map((each): Move => ({ kind: "die", who: each })) },
  { weight: 3, arbitrary: who.map((each): Move => ({ kind: "return", who: each })) },
  { weight: 1, arbitrary: who.map((each): Move => ({ kind: "loseDisk", who: each })) },
  { weight: 3, arbitrary: fc.constant<Move>({ kind: "synced" }) },
  { weight: 6, arbitrary: fc.constant<Move>({ kind: "look" }) },
);
const walk = { size: fc.integer({ min: 1, max: 4 }), moves: fc.array(move, { maxLength: 60 }) };

/** Who answers readers: a dead one, or one that has only just come back, does not. */
function servers(world: World): readonly Replica[] {
  return world.replicas.filter(
    ({ id, alive, starting }) => alive && !starting && world.stateOf(id) === "serving",
  );
}

describe("over any history of deaths, returns, lost disks and writes", () => {
  test.prop([fc.record(walk)], { numRuns: 3000 })(
    "everything visible is on every server",
    ({ size, moves }) => {
      const world = new World(size);
      for (const each of moves) {
        world.play(each);
        for (const { id, data } of servers(world)) {
          if ((world.visible & ~data) !== 0n) throw new Error(`target ${id} serves without what was visible`);
        }
      }
    },
  );

  test.prop([fc.record(walk)], { numRuns: 3000 })(
    "there is one history: a complete replica is always kept",
    ({ size, moves }) => {
      const world = new World(size);
      for (const each of moves) {
        const before = world.chain;
        world.play(each);
        expect(world.chain.version - before.version).toBe(world.chain === before ? 0 : 1);
        const kept = world.replicas.filter(({ id }) => ["serving", "lastServer"].includes(world.stateOf(id)));
        expect(kept.length).toBeGreaterThan(0);
        if (kept.every(({ lost }) => lost)) continue;
        expect(kept.some(({ data, lost }) => !lost && (world.visible & ~data) === 0n)).toBe(true);
      }
    },
  );

  test.prop([fc.record(walk)], { numRuns: 2000 })(
    "all serve again soon after all are back",
    ({ size, moves }) => {
      const world = new World(size);
      for (const each of moves) world.play(each);
      // Out of the chain, in line, synced: at most three looks for each replica, and one that finds nothing to do.
      expect(world.heal()).toBeLessThanOrEqual(3 * size + 2);
      expect(servers(world).length).toBe(size);
      const [first] = world.replicas;
      for (const { data } of world.replicas) expect(data).toBe(first!.data);
    },
  );
});
