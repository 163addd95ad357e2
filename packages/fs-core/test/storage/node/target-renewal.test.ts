import { describe, expect, it } from "vitest";
import { targetId } from "../../../src/ids.ts";
import type { TargetState } from "../../../src/mgmtd/model/chain.ts";
import type { RoutingInfo } from "../../../src/mgmtd/model/routing.ts";
import { isSpared } from "../../../src/storage/node/target-renewal.ts";

function routing(...states: readonly TargetState[]): RoutingInfo {
  const targets = states.map((state, at) => ({ target: targetId(at + 1), state }));
  return { chains: new Map([[1, { targets }]]) } as unknown as RoutingInfo;
}

describe("a damaged target is made anew", () => {
  it("where its chain goes on without it", () => {
    expect(isSpared(routing("offline", "serving"), targetId(1))).toBe(true);
    expect(isSpared(routing("offline", "offline", "serving"), targetId(1))).toBe(true);
  });

  it.each([
    ["the chain does not know yet", ["serving", "serving"]],
    ["it may be the only one that is complete", ["lastServer", "waiting"]],
    ["nobody serves", ["offline", "lastServer"]],
    ["nobody serves yet", ["offline", "syncing"]],
    ["it is alone", ["offline"]],
  ] as const)("but not where %s", (_, states) => {
    expect(isSpared(routing(...states), targetId(1))).toBe(false);
  });

  it("but not where no chain has it, or nothing is known", () => {
    expect(isSpared(routing("serving", "serving"), targetId(7))).toBe(false);
    expect(isSpared({ chains: new Map() } as unknown as RoutingInfo, targetId(1))).toBe(false);
  });
});
