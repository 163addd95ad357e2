import { ManualClock } from "@smallpond/base/testing";
import { describe, expect, it } from "vitest";
import type { ChainVersion, NodeId } from "../../src/ids.ts";
import { newChain } from "../../src/mgmtd/chain/operations/new-chain.ts";
import type { Chain, LocalState } from "../../src/mgmtd/model/chain.ts";
import type { NodeInfo } from "../../src/mgmtd/model/node.ts";
import { ANY_VERSION } from "../../src/mgmtd/model/report.ts";
import { NodeWatch } from "../../src/mgmtd/primary/node-watch.ts";
import { c, n, t } from "./support/cluster.ts";

const LIFE = "a".repeat(32);

function nodeOf(id: number): NodeInfo {
  return {
    id: n(id),
    kind: "storage",
    addresses: [],
    host: `h${id}`,
    tags: [],
    status: "alive",
    draining: false,
    incarnation: LIFE,
  };
}

function watchOf(settings: { readonly granted?: number; readonly self?: NodeId } = {}) {
  const clock = new ManualClock();
  const watch = new NodeWatch(
    { clock },
    {
      startedMs: 0,
      outlastedMs: 10_300,
      grantedOutlastedMs: settings.granted ?? 10_300,
      self: settings.self ?? n(99),
    },
  );
  const hear = (id: number, local: LocalState = "online", chainVersion = 1): void => {
    const report = { target: t(id), disk: 0, local, chainVersion, usedBytes: 0n, capacityBytes: 0n };
    watch.heard(n(id), {
      incarnation: LIFE,
      version: 1n,
      atMs: clock.monotonicMs(),
      configVersion: 0,
      configError: undefined,
      targets: new Map([[t(id), report]]),
    });
  };
  return { clock, watch, hear };
}

describe("what a primary knows of nodes", () => {
  const chain = { ...newChain(c(1), [t(1)]), version: 7 as ChainVersion };
  const target = { id: t(1), node: n(1), disk: 0, hold: "none" } as const;

  it("is nothing of one that it has not heard of, until any lease has run out", async () => {
    const { clock, watch } = watchOf();
    expect(watch.observe(target, nodeOf(1), chain)).toBeUndefined();
    await clock.advance(10_300);
    expect(watch.observe(target, nodeOf(1), chain)).toBeUndefined();
    await clock.advance(1);
    expect(watch.observe(target, nodeOf(1), chain)).toEqual({ local: "offline", knownMs: 10_300 });
  });

  it("waits for longer leases of the term before, also of nodes that were heard of since", async () => {
    const { clock, watch, hear } = watchOf({ granted: 30_000 });
    hear(1);
    await clock.advance(29_000);
    expect(watch.isGone(nodeOf(1))).toBe(false);
    await clock.advance(1001);
    expect(watch.isGone(nodeOf(1))).toBe(true);
  });

  it("believes that a target has everything only of the chain's present version", () => {
    const { watch, hear } = watchOf();
    hear(1, "upToDate", 6);
    expect(watch.observe(target, nodeOf(1), chain)?.local).toBe("online");
    hear(1, "upToDate", 7);
    expect(watch.observe(target, nodeOf(1), chain)?.local).toBe("upToDate");
  });

  it("believes that a target serves nothing only of the version in which it serves", () => {
    const { watch, hear } = watchOf();
    const local = (of: Chain) => watch.observe(target, nodeOf(1), of)?.local;
    hear(1, "offline", 6);
    expect(local(chain)).toBe("online");
    expect(local({ ...chain, targets: [{ target: t(1), state: "lastServer" }] })).toBe("offline");
    hear(1, "offline", 7);
    expect(local(chain)).toBe("offline");
    hear(1, "offline", 0);
    expect(local(chain)).toBe("online");
    hear(1, "offline", ANY_VERSION);
    expect(local(chain)).toBe("offline");
    hear(1, "incomplete", 6);
    expect(local(chain)).toBe("incomplete");
  });

  it("knows since when a target does not serve in this version, and when it was last heard of", async () => {
    const { clock, watch, hear } = watchOf();
    const known = () => watch.observe(target, nodeOf(1), chain)?.knownMs;
    hear(1, "offline", 6);
    await clock.advance(1000);
    hear(1, "offline", 6);
    expect(known()).toBe(1000);
    await clock.advance(1000);
    hear(1, "offline", 7);
    await clock.advance(1000);
    hear(1, "offline", 7);
    expect(known()).toBe(2000);
  });

  it("takes a target that its node does not name for offline", () => {
    const { watch, hear } = watchOf();
    hear(1);
    expect(watch.observe({ ...target, id: t(2) }, nodeOf(1), chain)?.local).toBe("offline");
  });

  it("keeps in mind since when a target is lost, and when one that is whole was last heard of", async () => {
    const { clock, watch, hear } = watchOf();
    const known = () => watch.observe(target, nodeOf(1), chain)?.knownMs;
    hear(1);
    await clock.advance(1000);
    hear(1);
    expect(known()).toBe(1000);
    await clock.advance(1000);
    hear(1, "offline", 7);
    await clock.advance(1000);
    hear(1, "incomplete", 7);
    expect(known()).toBe(2000);
    await clock.advance(1000);
    hear(1);
    expect(known()).toBe(4000);
  });

  it("takes a life that its supervisor saw end for gone, also before it heard of it", () => {
    const { watch } = watchOf();
    watch.reportDead(n(1), LIFE);
    expect(watch.isGone(nodeOf(1))).toBe(true);
    expect(watch.isGone({ ...nodeOf(1), incarnation: "b".repeat(32) })).toBe(false);
  });
});

describe("a primary is deaf", () => {
  it("when most nodes fall silent together, its own not counted", async () => {
    const { clock, watch, hear } = watchOf({ self: n(9) });
    for (const id of [1, 2, 3, 9]) hear(id);
    await clock.advance(5000);
    hear(9);
    expect(watch.isDeaf(5000)).toBe(true);
    hear(1);
    expect(watch.isDeaf(5000)).toBe(true);
    hear(2);
    expect(watch.isDeaf(5000)).toBe(false);
  });

  it("not when a single node dies, nor when those silent are long gone", async () => {
    const { clock, watch, hear } = watchOf();
    for (const id of [1, 2]) hear(id);
    await clock.advance(6000);
    hear(2);
    expect(watch.isDeaf(5000)).toBe(false);
    await clock.advance(6000);
    expect(watch.isDeaf(5000)).toBe(false);
  });
});
