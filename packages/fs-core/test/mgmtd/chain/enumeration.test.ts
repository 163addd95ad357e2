/**
 * Every state of up to four replicas, legal or not, under every observation, against a table that is written from the
 * specification of 3FS with our differences, row by row, and not from the code.
 */
import { describe, expect, it } from "vitest";
import type { ChainId, ChainVersion, TargetId } from "../../../src/ids.ts";
import { nextChain } from "../../../src/mgmtd/chain/next-chain.ts";
import {
  type Chain,
  LOCAL_STATES,
  type LocalState,
  TARGET_STATES,
  type TargetState,
} from "../../../src/mgmtd/model/chain.ts";

interface Replica {
  readonly target: number;
  readonly state: TargetState;
  readonly local: LocalState;
}

/** What a row of the table looks at beside the replica itself. */
interface Rest {
  /** In the chain as it is. */
  readonly someServing: boolean;
  /** Served before and goes on, was a last server and is back, or has just caught up. */
  readonly someServesNext: boolean;
  /** Another one has the turn to sync, by standing before this one. */
  readonly turnTaken: boolean;
}

type Row = readonly [from: TargetState, locals: string, when: (rest: Rest) => boolean, to: TargetState];

const always = (): boolean => true;

/** The first row that fits decides. u: upToDate, o: online, i: incomplete, x: offline. */
const TABLE: readonly Row[] = [
  ["serving", "uo", always, "serving"],
  ["serving", "ix", (rest) => rest.someServesNext, "offline"],
  ["serving", "ix", always, "lastServer"],
  ["lastServer", "uoix", (rest) => rest.someServing, "offline"],
  ["lastServer", "uo", always, "serving"],
  ["lastServer", "ix", (rest) => rest.someServesNext, "offline"],
  ["lastServer", "ix", always, "lastServer"],
  ["syncing", "u", always, "serving"],
  ["syncing", "x", always, "offline"],
  ["syncing", "oi", (rest) => rest.someServesNext && !rest.turnTaken, "syncing"],
  ["syncing", "oi", always, "waiting"],
  ["waiting", "x", always, "offline"],
  ["waiting", "oi", (rest) => rest.someServesNext && !rest.turnTaken, "syncing"],
  ["waiting", "uoi", always, "waiting"],
  ["offline", "x", always, "offline"],
  ["offline", "oi", (rest) => rest.someServesNext && !rest.turnTaken, "syncing"],
  ["offline", "uoi", always, "waiting"],
];

const LETTERS: Readonly<Record<LocalState, string>> = {
  upToDate: "u",
  online: "o",
  incomplete: "i",
  offline: "x",
};

function expected(replicas: readonly Replica[]): string {
  const sorted = sortByState(replicas);
  const someServing = replicas.some((r) => r.state === "serving");
  const resolve = (replica: Replica, rest: Rest): TargetState => {
    for (const [from, locals, when, to] of TABLE) {
      if (from === replica.state && locals.includes(LETTERS[replica.local]) && when(rest)) return to;
    }
    throw new Error(`no row for ${replica.state}, ${replica.local}`);
  };
  // Serving is decided without a look at anybody's future: any value of the other two gives the same.
  const first: Rest = { someServing, someServesNext: true, turnTaken: true };
  const someServesNext = sorted.some((replica) => resolve(replica, first) === "serving");
  let turnTaken = false;
  const next = sorted.map((replica) => {
    const state = resolve(replica, { someServing, someServesNext, turnTaken });
    turnTaken ||= state === "syncing";
    return { ...replica, state };
  });
  return sortByState(next)
    .map(({ target, state }) => `${target}:${state}`)
    .join(" ");
}

function sortByState(replicas: readonly Replica[]): readonly Replica[] {
  return TARGET_STATES.flatMap((state) => replicas.filter((replica) => replica.state === state));
}

function* everyChain(size: number): Generator<readonly Replica[]> {
  const kinds = TARGET_STATES.length * LOCAL_STATES.length;
  for (let code = 0; code < kinds ** size; code++) {
    const replicas: Replica[] = [];
    let rest = code;
    for (let target = 1; target <= size; target++) {
      const kind = rest % kinds;
      rest = (rest - kind) / kinds;
      const state = TARGET_STATES[kind % TARGET_STATES.length]!;
      replicas.push({ target, state, local: LOCAL_STATES[Math.floor(kind / TARGET_STATES.length)]! });
    }
    yield replicas;
  }
}

function step(replicas: readonly Replica[]): { readonly before: Chain; readonly after: Chain } {
  const before: Chain = {
    id: 1 as ChainId,
    version: 5 as ChainVersion,
    targets: replicas.map(({ target, state }) => ({ target: target as TargetId, state })),
    preferred: replicas.map(({ target }) => target as TargetId),
  };
  return { before, after: nextChain(before, (target) => replicas[target - 1]!.local) };
}

describe("the chain state machine, over every state of 1 to 4 replicas", () => {
  const sizes = [1, 2, 3, 4] as const;

  it("agrees with the table, in 168,420 states", () => {
    let states = 0;
    const wrong: string[] = [];
    for (const size of sizes) {
      for (const replicas of everyChain(size)) {
        states += 1;
        const found = step(replicas)
          .after.targets.map(({ target, state }) => `${target}:${state}`)
          .join(" ");
        const wanted = expected(replicas);
        if (found !== wanted) wrong.push(`${describeState(replicas)}: ${found}, not ${wanted}`);
      }
    }
    expect(wrong.slice(0, 10)).toEqual([]);
    expect(states).toBe(20 + 20 ** 2 + 20 ** 3 + 20 ** 4);
  });

  it("raises the version by one if a member, the order or a state changed, and else not at all", () => {
    let changed = 0;
    let same = 0;
    for (const size of sizes) {
      for (const replicas of everyChain(size)) {
        const { before, after } = step(replicas);
        const differs = JSON.stringify(before.targets) !== JSON.stringify(after.targets);
        if (after.version !== before.version + (differs ? 1 : 0)) throw new Error(describeState(replicas));
        if (!differs && after !== before) throw new Error(`another object: ${describeState(replicas)}`);
        if (differs) changed += 1;
        else same += 1;
      }
    }
    expect({ changed, same }).toEqual({ changed: 167_786, same: 634 });
  });

  it("keeps at most one syncing, none without a server, and no last server beside a server", () => {
    for (const size of sizes) {
      for (const replicas of everyChain(size)) {
        const { after } = step(replicas);
        const count = (state: TargetState): number => after.targets.filter((t) => t.state === state).length;
        const legal =
          count("syncing") <= 1 &&
          (count("syncing") === 0 || count("serving") > 0) &&
          (count("lastServer") === 0 || count("serving") === 0);
        if (!legal) throw new Error(`${describeState(replicas)}: ${JSON.stringify(after.targets)}`);
      }
    }
  });

  it("never drops a whole server, nor believes one that is not", () => {
    for (const size of sizes) {
      for (const replicas of everyChain(size)) {
        const { after } = step(replicas);
        for (const { target, state, local } of replicas) {
          const next = after.targets.find((member) => member.target === target)!.state;
          const whole = local === "upToDate" || local === "online";
          if (state === "serving" && whole && next !== "serving") throw new Error(describeState(replicas));
          if (next === "serving" && !whole) throw new Error(describeState(replicas));
        }
      }
    }
  });
});

function describeState(replicas: readonly Replica[]): string {
  return replicas.map(({ target, state, local }) => `${target}:${state}/${local}`).join(" ");
}
