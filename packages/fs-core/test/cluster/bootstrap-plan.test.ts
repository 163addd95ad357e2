import { isPondError } from "@smallpond/base";
import {
  type ClusterShape,
  chainId,
  emptyRouting,
  nodeId,
  planBootstrap,
  readinessOf,
  targetId,
} from "@smallpond/fs-core";
import { expect, test } from "vitest";

function shapeOf(change: Partial<ClusterShape> & { readonly storage?: number } = {}): ClusterShape {
  const { storage = 3, ...rest } = change;
  const mind = { node: nodeId(1), kind: "meta", host: "mind-1", disks: 0 } as const;
  const others = Array.from({ length: storage }, (_, at) => {
    return { node: nodeId(101 + at), kind: "storage", host: `storage-${at + 1}`, disks: 1 } as const;
  });
  return { nodes: [mind, ...others], replicas: 3, targetsPerDisk: 4, seed: "s", ...rest };
}

test("a new cluster gets its nodes, targets, chains and at last the table", () => {
  const plan = planBootstrap(shapeOf(), emptyRouting());
  expect(plan.members.map(({ kind }) => kind)).toEqual([
    ...new Array(4).fill("registerNode"),
    "createTargets",
  ]);
  expect(plan.chains.map(({ kind }) => kind)).toEqual(["createChains", "putTable"]);
  expect(plan.targets).toHaveLength(12);
  expect(plan.targets[5]).toEqual({ id: 10202, node: 102, disk: 0 });
});

test("each target is in one chain, and no chain has two on one node", () => {
  for (const storage of [3, 4, 7]) {
    const { chains } = planBootstrap(shapeOf({ storage }), emptyRouting());
    const [made] = chains;
    if (made?.kind !== "createChains") throw new Error("no chains");
    const all = made.chains.flatMap(({ targets }) => targets);
    expect(new Set(all).size).toBe(all.length);
    for (const { targets } of made.chains) {
      expect(targets).toHaveLength(3);
      expect(new Set(targets.map((target) => Math.floor(target / 100))).size).toBe(3);
    }
  }
});

test("the same cluster is always placed in the same way, so what was interrupted goes on with the rest", () => {
  const whole = planBootstrap(shapeOf({ storage: 5 }), emptyRouting());
  expect(planBootstrap(shapeOf({ storage: 5 }), emptyRouting())).toEqual(whole);
  const [made] = whole.chains;
  if (made?.kind !== "createChains") throw new Error("no chains");
  const [first] = made.chains;
  const chain = { id: chainId(1), version: 1, targets: [], preferred: [] } as never;
  const routing = { ...emptyRouting(), chains: new Map([[first!.id, chain]]) };
  const [rest] = planBootstrap(shapeOf({ storage: 5 }), routing).chains;
  expect(rest).toEqual({ kind: "createChains", chains: made.chains.slice(1) });
});

test("nothing is left to do once the table is there", () => {
  const table = { id: 1, version: 1, chains: [] } as never;
  const plan = planBootstrap(shapeOf(), { ...emptyRouting(), tables: new Map([["1.1", table]]) });
  expect(plan).toMatchObject({ isDone: true, members: [], chains: [] });
});

test.each([
  [{ storage: 2 }, /3 replicas need 3 storage nodes that fail apart, and there are 2/],
  [{ storage: 0 }, /no storage node/],
  [{ replicas: 0 }, /cannot have 0 replicas/],
  [{ targetsPerDisk: 100 }, /cannot have 1 times 100 targets/],
  [{ nodes: [...shapeOf().nodes, shapeOf().nodes[1]!] }, /two nodes have one number/],
] as const)("a shape that cannot be is refused with what to change: %j", (change, message) => {
  try {
    planBootstrap(shapeOf(change), emptyRouting());
  } catch (error) {
    if (!isPondError(error, "BAD_CLUSTER")) throw error;
    expect(error.message).toMatch(message);
    expect(error.hint).toBeTruthy();
    return;
  }
  throw new Error("not refused");
});

test("a cluster is as strong as its weakest chain", () => {
  const shape = shapeOf();
  const table = { id: 1, version: 1, chains: [] } as never;
  const strengthOf = (...chains: string[][]) => {
    const routing = {
      ...emptyRouting(),
      tables: new Map([["1.1", table]]),
      chains: new Map(
        chains.map((states, at) => {
          const targets = states.map((state, index) => ({ target: targetId(10 * at + index + 1), state }));
          return [chainId(at + 1), { id: chainId(at + 1), version: 1, targets, preferred: [] } as never];
        }),
      ),
    };
    return readinessOf(shape, routing).strength;
  };
  expect(strengthOf(["serving", "serving"])).toBe("whole");
  expect(strengthOf(["serving", "serving"], ["serving", "syncing"])).toBe("serving");
  expect(strengthOf(["serving", "serving"], ["lastServer", "offline"])).toBe("down");
  expect(readinessOf(shape, emptyRouting())).toMatchObject({
    strength: "down",
    missingNodes: [1, 101, 102, 103],
  });
});
