import { describe, expect, it } from "vitest";
import { type ChainId, type ChainVersion, targetId } from "../../../src/ids.ts";
import type { Chain, TargetState } from "../../../src/mgmtd/model/chain.ts";
import { placeIn, roleIn } from "../../../src/storage/chain/role.ts";

function chainOf(...states: readonly TargetState[]): Chain {
  const targets = states.map((state, at) => ({ target: targetId(at + 1), state }));
  const preferred = targets.map(({ target }) => target);
  return { id: 4 as ChainId, version: 9 as ChainVersion, targets, preferred };
}

describe("what a replica is to its chain", () => {
  it("is head, middle or tail among those that serve, with the next one behind it", () => {
    const chain = chainOf("serving", "serving", "serving");
    expect(roleIn(chain, targetId(1))).toEqual({
      ...{ kind: "serving", isHead: true, isTail: false },
      ...{ successor: { target: 2, syncs: false }, others: [2, 3] },
    });
    expect(roleIn(chain, targetId(2))).toMatchObject({ isHead: false, isTail: false, others: [1, 3] });
    const tail = roleIn(chain, targetId(3));
    expect(tail).toMatchObject({ isHead: false, isTail: true, others: [1, 2] });
    expect(tail).toHaveProperty("successor", undefined);
  });

  it("is the tail also with somebody behind it who syncs, and alone both head and tail", () => {
    const chain = chainOf("serving", "syncing", "waiting", "offline");
    expect(roleIn(chain, targetId(1))).toEqual({
      ...{ kind: "serving", isHead: true, isTail: true },
      ...{ successor: { target: 2, syncs: true }, others: [] },
    });
    expect(roleIn(chain, targetId(2))).toEqual({ kind: "syncing", predecessor: 1 });
  });

  it.each(["lastServer", "waiting", "offline"] as const)("has nothing to do while it is %s", (state) => {
    expect(roleIn(chainOf("serving", state), targetId(2))).toEqual({ kind: "idle" });
  });

  it("has nothing to do in a chain that it is not in, and syncs with nobody where nobody serves", () => {
    expect(roleIn(chainOf("serving"), targetId(7))).toEqual({ kind: "idle" });
    expect(roleIn(chainOf("lastServer", "syncing"), targetId(2))).toEqual({ kind: "idle" });
  });

  it("is of one version of the chain", () => {
    expect(placeIn(chainOf("serving"), targetId(1), true)).toMatchObject({ chain: 4, version: 9 });
  });

  it("has nothing to do in a version that counts on the process before", () => {
    expect(placeIn(chainOf("serving", "syncing"), targetId(1), false)).toMatchObject({
      ...{ version: 9, role: { kind: "idle" } },
    });
  });
});
