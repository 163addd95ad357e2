import { chainId, emptyRouting, type NodeReport, nodeId, spaceOf, targetId } from "@smallpond/fs-core";
import { expect, test } from "vitest";

function reportOf(
  node: number,
  targets: readonly (readonly [id: number, disk: number, used: bigint, capacity: bigint])[],
) {
  return {
    node: nodeId(node),
    incarnation: "",
    silentMs: 0,
    configVersion: 0,
    configError: undefined,
    targets: targets.map(([id, disk, usedBytes, capacityBytes]) => ({
      target: targetId(id),
      disk,
      local: "upToDate",
      chainVersion: 1,
      usedBytes,
      capacityBytes,
    })),
  } satisfies NodeReport;
}

function chainsOf(...chains: readonly (readonly number[])[]) {
  const entries = chains.map((targets, at) => {
    const members = targets.map((target) => ({ target: targetId(target), state: "serving" as const }));
    return [
      chainId(at + 1),
      { id: chainId(at + 1), version: 1, targets: members, preferred: [] } as never,
    ] as const;
  });
  return { ...emptyRouting(), chains: new Map(entries) };
}

test("replicas count once, and a chain has room for as much as its fullest replica", () => {
  const nodes = [reportOf(1, [[11, 0, 10n, 100n]]), reportOf(2, [[21, 0, 10n, 60n]])];
  expect(spaceOf(chainsOf([11, 21]), nodes)).toEqual({ bytesTotal: 60n, bytesFree: 50n });
});

test("targets of one disk share what is free on it", () => {
  const node = reportOf(1, [
    [11, 0, 20n, 100n],
    [12, 0, 0n, 80n],
    [13, 1, 0n, 80n],
  ]);
  expect(spaceOf(chainsOf([11], [12], [13]), [node])).toEqual({ bytesTotal: 180n, bytesFree: 160n });
});

test("a chain of which nobody has been heard has no room, nor has a disk with less than is used on it", () => {
  expect(spaceOf(chainsOf([11], [21]), [reportOf(1, [[11, 0, 10n, 5n]])])).toEqual({
    bytesTotal: 10n,
    bytesFree: 0n,
  });
});

test("nodes of one machine share its disk", () => {
  const nodes = [1, 2].map((node) => reportOf(node, [[node, 0, 10n, 110n]]));
  expect(spaceOf(chainsOf([1], [2]), nodes, { nodesPerDisk: 2 })).toEqual({
    bytesTotal: 120n,
    bytesFree: 100n,
  });
});
