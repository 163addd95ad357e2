import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import type { ChainId, ChainVersion, TargetId } from "../../../src/ids.ts";
import { leavingTargets } from "../../../src/mgmtd/chain/leaving.ts";
import { nextChain } from "../../../src/mgmtd/chain/next-chain.ts";
import { addTarget, removeTarget } from "../../../src/mgmtd/chain/operations/members.ts";
import { newChain } from "../../../src/mgmtd/chain/operations/new-chain.ts";
import { misplacedTarget, setPreferredOrder } from "../../../src/mgmtd/chain/operations/preferred-order.ts";
import { rotateLastServer } from "../../../src/mgmtd/chain/operations/rotate-last-server.ts";
import { checkTakeOffline, servesWithout } from "../../../src/mgmtd/chain/operations/take-offline.ts";
import { type Observation, ripenessOf } from "../../../src/mgmtd/chain/ripe.ts";
import type { Chain, LocalState, TargetState } from "../../../src/mgmtd/model/chain.ts";
import type { TargetHold } from "../../../src/mgmtd/model/target.ts";

const ID = 1 as ChainId;
const t = (id: number): TargetId => id as TargetId;

function chainOf(...states: readonly TargetState[]): Chain {
  const targets = states.map((state, at) => ({ target: t(at + 1), state }));
  return { id: ID, version: 3 as ChainVersion, targets, preferred: targets.map(({ target }) => target) };
}

function shown(chain: Chain): string {
  return chain.targets.map(({ target, state }) => `${target} ${state}`).join(", ");
}

describe("a new chain", () => {
  it("serves from all of its targets in version 1", () => {
    const chain = newChain(ID, [t(4), t(2)]);
    expect(shown(chain)).toBe("4 serving, 2 serving");
    expect(chain.version).toBe(1);
    expect(chain.preferred).toEqual([4, 2]);
  });

  it("is refused without targets, with too many, or with one twice", () => {
    expect(() => newChain(ID, [])).toThrow(/0 targets/);
    expect(() =>
      newChain(
        ID,
        Array.from({ length: 17 }, (_, at) => t(at + 1)),
      ),
    ).toThrow(/17 targets/);
    expect(() => newChain(ID, [t(1), t(2), t(1)])).toThrow(/twice/);
  });
});

describe("members", () => {
  it("come in offline at the tail", () => {
    const chain = addTarget(chainOf("serving", "offline"), t(9));
    expect(shown(chain)).toBe("1 serving, 2 offline, 9 offline");
    expect(chain.version).toBe(4);
    expect(chain.preferred).toEqual([1, 2, 9]);
    expect(() => addTarget(chain, t(9))).toThrow(/already/);
  });

  it("leave only when they are offline", () => {
    const chain = chainOf("serving", "offline");
    expect(shown(removeTarget(chain, t(2)))).toBe("1 serving");
    expect(removeTarget(chain, t(2)).preferred).toEqual([1]);
    expect(() => removeTarget(chain, t(1))).toThrow(/is serving/);
    expect(() => removeTarget(chain, t(3))).toThrow(/not in chain/);
  });
});

describe("taking a target offline", () => {
  it("is refused when the chain would not serve without it", () => {
    expect(() => checkTakeOffline(chainOf("serving", "syncing"), t(1))).toThrow(/would not serve/);
    expect(() => checkTakeOffline(chainOf("lastServer", "waiting"), t(1))).toThrow(/would not serve/);
    checkTakeOffline(chainOf("serving", "serving"), t(1));
    checkTakeOffline(chainOf("serving", "syncing"), t(2));
    expect(servesWithout(chainOf("serving", "syncing"), t(2))).toBe(true);
    expect(servesWithout(chainOf("lastServer", "offline"), t(2))).toBe(false);
  });
});

describe("rotating the last server", () => {
  it("believes the chosen one, and the old ones will have to sync", () => {
    const chain = rotateLastServer(chainOf("lastServer", "lastServer", "waiting", "offline"), t(3));
    expect(shown(chain)).toBe("3 lastServer, 4 offline, 1 offline, 2 offline");
    const back = nextChain(chain, (target) => (target === 4 ? "offline" : "online"));
    expect(shown(back)).toBe("3 serving, 1 syncing, 2 waiting, 4 offline");
  });

  it("can single out one of several", () => {
    expect(shown(rotateLastServer(chainOf("lastServer", "lastServer"), t(2)))).toBe(
      "2 lastServer, 1 offline",
    );
  });

  it("is refused while somebody serves", () => {
    expect(() => rotateLastServer(chainOf("serving", "offline"), t(2))).toThrow(/serving replica/);
  });
});

describe("the preferred order", () => {
  it("names each target once", () => {
    const chain = chainOf("serving", "serving", "serving");
    expect(setPreferredOrder(chain, [t(3), t(1), t(2)]).preferred).toEqual([3, 1, 2]);
    expect(setPreferredOrder(chain, [t(3), t(1), t(2)]).version).toBe(chain.version);
    for (const bad of [
      [t(1), t(2)],
      [t(1), t(2), t(2)],
      [t(1), t(2), t(4)],
    ]) {
      expect(() => setPreferredOrder(chain, bad)).toThrow(/no order/);
    }
  });

  it("is not worked on while somebody is behind", () => {
    expect(() => misplacedTarget(chainOf("serving", "syncing"))).toThrow(/is syncing/);
  });

  test.prop([fc.shuffledSubarray([1, 2, 3, 4, 5, 6], { minLength: 6 })])(
    "is reached by letting each misplaced replica leave once",
    (order) => {
      let chain = setPreferredOrder(chainOf(...Array<TargetState>(6).fill("serving")), order.map(t));
      const left = new Set<TargetId>();
      for (;;) {
        const leaving = misplacedTarget(chain);
        if (leaving === undefined) break;
        expect(left.has(leaving)).toBe(false);
        left.add(leaving);
        const say =
          (local: LocalState) =>
          (target: TargetId): LocalState =>
            target === leaving ? local : "online";
        for (const local of ["offline", "online", "upToDate"] as const) chain = nextChain(chain, say(local));
      }
      expect(chain.targets.map(({ target }) => target)).toEqual(order);
      expect(left.size).toBeLessThan(6);
    },
  );
});

describe("a chain is judged", () => {
  const chain = chainOf("serving", "serving", "offline");
  const see = (...seen: readonly (Observation | undefined)[]) =>
    ripenessOf(chain, (target) => seen[target - 1]);
  const at = (knownMs: number, local: LocalState): Observation => ({ local, knownMs });

  it("when something is known of each replica", () => {
    expect(see(at(5, "online"), at(5, "online"), undefined)).toBe("unknown");
    expect(see(at(1, "online"), at(9, "online"), at(5, "online"))).toBe("ripe");
  });

  it("but nobody is dropped for a survivor that has not been heard of since", () => {
    expect(see(at(5, "offline"), at(4, "online"), at(9, "online"))).toBe("doubtful");
    expect(see(at(5, "offline"), at(5, "online"), at(1, "online"))).toBe("ripe");
    expect(see(at(5, "offline"), at(9, "incomplete"), at(1, "online"))).toBe("ripe");
  });
});

describe("who is wanted out", () => {
  const leaving = (chain: Chain, wishes: Readonly<Record<number, TargetHold>>) =>
    [...leavingTargets(chain, (target) => wishes[target] ?? "none")].sort();

  it("leaves while another one serves", () => {
    expect(leaving(chainOf("serving", "serving"), { 1: "orderly" })).toEqual([1]);
    expect(leaving(chainOf("serving", "syncing"), { 1: "orderly" })).toEqual([]);
    expect(leaving(chainOf("serving", "syncing"), { 1: "orderly", 2: "orderly" })).toEqual([2]);
  });

  it("stays as the first of those that all are to leave", () => {
    expect(
      leaving(chainOf("serving", "serving", "serving"), { 1: "orderly", 2: "orderly", 3: "orderly" }),
    ).toEqual([2, 3]);
  });

  it("stays as a last server, unless forced", () => {
    expect(leaving(chainOf("lastServer", "offline"), { 1: "orderly", 2: "orderly" })).toEqual([2]);
    expect(leaving(chainOf("lastServer"), { 1: "forced" })).toEqual([1]);
    expect(leaving(chainOf("serving"), { 1: "forced" })).toEqual([1]);
  });

  const anyChain = fc
    .array(fc.constantFrom<TargetState>("serving", "syncing", "waiting", "offline"), {
      minLength: 1,
      maxLength: 5,
    })
    .map((states) => chainOf("serving", ...states));
  const wishes = fc.array(fc.constantFrom<TargetHold>("none", "orderly"), { minLength: 6, maxLength: 6 });

  test.prop([anyChain, wishes])("never leaves a chain without a server in order", (chain, wish) => {
    const out = leavingTargets(chain, (target) => wish[target - 1]!);
    expect(chain.targets.some(({ target, state }) => state === "serving" && !out.has(target))).toBe(true);
  });
});
