import { afterEach, describe, expect, it } from "vitest";
import { c, n, TestCluster, t } from "./support/cluster.ts";

/** What a primary waits for: T, what clocks may differ by, and a look at the chains. */
const T_MS = 10_000;

let cluster: TestCluster;
afterEach(() => cluster.down());

describe("a cluster", () => {
  it("serves from all replicas of a new chain", async () => {
    cluster = new TestCluster();
    await cluster.upWithChain(3);
    expect(cluster.shown(1)).toBe("1 serving, 2 serving, 3 serving");
    for (const id of [1, 2, 3]) expect(cluster.nodes.get(id)!.storage.serves(t(id))).toBe(true);
    for (const { storage } of cluster.nodes.values()) expect(storage.openings).toBe(1);
    expect(cluster.admin.routing.nodes.get(n(2))).toMatchObject({ status: "alive", host: "h2" });
  });

  it("drops a dead node's replica no sooner than its lease has run out, and soon after", async () => {
    cluster = new TestCluster();
    await cluster.upWithChain(3);
    const { version } = cluster.chain(1);
    cluster.nodes.get(2)!.kill();
    await cluster.clock.advance(T_MS - 2500);
    expect(cluster.chain(1).version).toBe(version);
    const tookMs = await cluster.until(() => cluster.chain(1).version > version, 6000);
    expect(tookMs).toBeLessThan(5000);
    expect(cluster.shown(1)).toBe("1 serving, 3 serving, 2 offline");
    expect(cluster.admin.routing.nodes.get(n(2))!.status).toBe("failed");
  });

  it("brings it back: offline, syncing, serving at the tail", async () => {
    cluster = new TestCluster();
    await cluster.upWithChain(3);
    cluster.nodes.get(2)!.kill();
    await cluster.until(() => cluster.shown(1).includes("2 offline"), 15_000);
    cluster.startNode(2, [2]);
    await cluster.until(() => cluster.shown(1).includes("2 syncing"), 3000);
    await cluster.until(() => cluster.shown(1) === "1 serving, 3 serving, 2 serving", 3000);
    expect(cluster.nodes.get(2)!.storage.serves(t(2))).toBe(true);
  });

  it("drops a process at once that its supervisor saw die", async () => {
    cluster = new TestCluster();
    await cluster.upWithChain(3);
    const node = cluster.nodes.get(1)!;
    node.kill();
    await cluster.inTime(cluster.admin.reportDead(n(1), node.incarnation));
    await cluster.until(() => cluster.shown(1) === "2 serving, 3 serving, 1 offline", 200);
  });

  it("drops a process that started again before anybody noticed, by its own word", async () => {
    cluster = new TestCluster();
    await cluster.upWithChain(2);
    cluster.nodes.get(1)!.kill();
    cluster.startNode(1, [1]);
    await cluster.until(() => cluster.shown(1) !== "1 serving, 2 serving", 1000);
    await cluster.until(() => cluster.shown(1) === "2 serving, 1 serving", 3000);
  });

  it("keeps every replica of a chain as last server when all die at once, and serves from who returns first", async () => {
    cluster = new TestCluster();
    await cluster.upWithChain(3);
    for (const id of [1, 2, 3]) cluster.nodes.get(id)!.kill();
    // A primary that hears nobody lets another one try, which waits for T again.
    await cluster.until(() => cluster.shown(1).includes("lastServer"), 30_000);
    expect(cluster.shown(1)).toBe("1 lastServer, 2 lastServer, 3 lastServer");
    cluster.startNode(3, [3]);
    await cluster.until(() => cluster.shown(1) === "3 serving, 1 offline, 2 offline", 3000);
    cluster.startNode(1, [1]);
    cluster.startNode(2, [2]);
    await cluster.until(() => cluster.shown(1) === "3 serving, 1 serving, 2 serving", 5000);
  });

  it("never believes a last server that lost its disk", async () => {
    cluster = new TestCluster();
    await cluster.upWithChain(2);
    cluster.nodes.get(2)!.kill();
    await cluster.until(() => cluster.shown(1) === "1 serving, 2 offline", 15_000);
    cluster.nodes.get(1)!.kill();
    await cluster.until(() => cluster.shown(1).includes("1 lastServer"), 15_000);
    cluster.startNode(1, [1]).storage.set(t(1), "incomplete");
    cluster.startNode(2, [2]);
    await cluster.clock.advance(5000);
    expect(cluster.shown(1)).toBe("1 lastServer, 2 waiting");
    await cluster.operate({ kind: "rotateLastServer", chain: c(1), target: t(2) });
    await cluster.until(() => cluster.shown(1) === "2 serving, 1 serving", 5000);
  });

  it("takes a node that was cut off for dead, and the node stops to serve before that", async () => {
    cluster = new TestCluster();
    await cluster.upWithChain(2);
    const { storage } = cluster.nodes.get(1)!;
    cluster.wire.cut("s1");
    let stoppedMs = 0;
    for (let ms = 0; cluster.shown(1).startsWith("1 serving"); ms += 50) {
      if (storage.serves(t(1))) stoppedMs = ms;
      await cluster.clock.advance(50);
      if (ms > 20_000) throw new Error("never dropped");
    }
    expect(storage.serves(t(1))).toBe(false);
    expect(stoppedMs).toBeGreaterThan(T_MS - 2500);
    // It comes back with a routing that is old: it must not serve by it.
    cluster.wire.mend("s1");
    for (let ms = 0; ms < 3000; ms += 10) {
      await cluster.clock.advance(10);
      const served = storage.serves(t(1));
      const knows = cluster.nodes.get(1)!.agent.routing.chains.get(c(1))!.targets;
      const says = knows.find(({ target }) => target === t(1))!.state;
      if (served && cluster.shown(1).includes("1 serving")) break;
      expect(served && says !== "serving").toBe(false);
      if (served) throw new Error("serves by a chain version that is over");
    }
  });
});

describe("a replica that starts again", () => {
  it("is not given up for another one that died just before", async () => {
    cluster = new TestCluster();
    await cluster.upWithChain(2);
    // The disk of one is replaced. The other starts again before anybody has missed the first.
    cluster.nodes.get(1)!.kill();
    await cluster.pass(300);
    cluster.nodes.get(2)!.kill();
    cluster.startNode(2, [2]);
    await cluster.pass(1000);
    expect(cluster.shown(1)).toBe("1 serving, 2 serving");
    cluster.startNode(1, [1]).storage.set(t(1), "incomplete");
    await cluster.until(() => cluster.shown(1).startsWith("2 serving"), 3000);
    await cluster.until(() => cluster.shown(1) === "2 serving, 1 serving", 3000);
  });
});

describe("a new primary", () => {
  it("goes on where the last one was, and waits for T before it drops anybody", async () => {
    cluster = new TestCluster();
    await cluster.upWithChain(3);
    cluster.startManager("m2");
    await cluster.clock.advance(3000);
    const { version } = cluster.chain(1);
    const known = cluster.admin.routing.version;
    // The node and the primary die together: nobody has heard of the node in the new term.
    cluster.nodes.get(2)!.kill();
    cluster.managers.get("m1")!.isolate(true);
    const m2 = cluster.managers.get("m2")!.service;
    const electedMs = await cluster.until(() => m2.term !== undefined, 20_000);
    expect(electedMs).toBeGreaterThan(3000);
    await cluster.clock.advance(T_MS - 100);
    expect(cluster.chain(1).version).toBe(version);
    await cluster.until(() => cluster.shown(1) === "1 serving, 3 serving, 2 offline", 3000);
    expect(cluster.admin.routing.version).toBeGreaterThan(known);
    expect(m2.term).toBe(2n);
  });

  it("is there at once when the last one left in order", async () => {
    cluster = new TestCluster();
    await cluster.upWithChain(1);
    cluster.startManager("m2");
    await cluster.clock.advance(2000);
    const m2 = cluster.managers.get("m2")!.service;
    expect(m2.term).toBeUndefined();
    await cluster.inTime(cluster.managers.get("m1")!.stop(), 100);
    const tookMs = await cluster.until(() => m2.term !== undefined, 2000);
    expect(tookMs).toBeLessThanOrEqual(1500);
    await cluster.clock.advance(1000);
    expect(cluster.nodes.get(1)!.storage.serves(t(1))).toBe(true);
  });

  it("does not interrupt anybody who serves", async () => {
    cluster = new TestCluster();
    await cluster.upWithChain(2);
    cluster.startManager("m2");
    await cluster.clock.advance(3000);
    cluster.wire.cut("m1");
    let servedMs = 0;
    for (let ms = 0; ms < 30_000; ms += 100) {
      await cluster.clock.advance(100);
      if (cluster.nodes.get(1)!.storage.serves(t(1))) servedMs += 100;
    }
    // Nobody reaches the primary, although it reaches the store: it steps down before leases run out.
    expect(servedMs).toBe(30_000);
    expect(cluster.shown(1)).toBe("1 serving, 2 serving");
  });
});

describe("operators", () => {
  it("take a target out only after it has let go", async () => {
    cluster = new TestCluster();
    await cluster.upWithChain(2);
    const { storage } = cluster.nodes.get(2)!;
    await cluster.operate({ kind: "holdTarget", target: t(2), hold: "orderly" });
    for (let ms = 0; cluster.shown(1) === "1 serving, 2 serving"; ms += 10) {
      await cluster.clock.advance(10);
      if (ms > 5000) throw new Error("not taken out");
    }
    expect(storage.serves(t(2))).toBe(false);
    expect(cluster.shown(1)).toBe("1 serving, 2 offline");
    await cluster.clock.advance(5000);
    expect(cluster.shown(1)).toBe("1 serving, 2 offline");
    await cluster.operate({ kind: "holdTarget", target: t(2), hold: "none" });
    await cluster.until(() => cluster.shown(1) === "1 serving, 2 serving", 5000);
  });

  it("are refused what would stop a chain, unless they force it", async () => {
    cluster = new TestCluster();
    await cluster.upWithChain(1);
    const hold = cluster.operate({ kind: "holdTarget", target: t(1), hold: "orderly" });
    await expect(hold).rejects.toMatchObject({ code: "WOULD_STOP_SERVING" });
    await cluster.operate({ kind: "holdTarget", target: t(1), hold: "forced" });
    await cluster.until(() => cluster.shown(1) === "1 lastServer", 5000);
    await cluster.operate({ kind: "holdTarget", target: t(1), hold: "none" });
    await cluster.until(() => cluster.shown(1) === "1 serving", 5000);
  });

  it("drain a node where others serve, and leave what only it has", async () => {
    cluster = new TestCluster();
    await cluster.upWithChain(2);
    await cluster.operate({ kind: "drainNode", node: n(1), draining: true });
    await cluster.until(() => cluster.shown(1) === "2 serving, 1 offline", 5000);
    await cluster.operate({ kind: "drainNode", node: n(2), draining: true });
    await cluster.clock.advance(5000);
    expect(cluster.shown(1)).toBe("2 serving, 1 offline");
    await cluster.operate({ kind: "removeTarget", chain: c(1), target: t(1) });
    cluster.startNode(3, [3]);
    await cluster.clock.advance(1000);
    await cluster.operate({ kind: "addTarget", chain: c(1), target: t(3) });
    await cluster.until(() => cluster.shown(1) === "3 serving, 2 offline", 8000);
  });

  it("bring a chain into the preferred order, one replica at a time", async () => {
    cluster = new TestCluster();
    await cluster.upWithChain(3);
    await cluster.operate({ kind: "setPreferredOrder", chain: c(1), order: [3, 1, 2].map(t) });
    const left: (number | undefined)[] = [];
    for (;;) {
      const target = await cluster.operate({ kind: "rotateToPreferred", chain: c(1) });
      left.push(target);
      if (target === 0) break;
      await cluster.until(
        () => cluster.shown(1).includes("offline") || cluster.shown(1).includes("syncing"),
        3000,
      );
      await cluster.until(() => cluster.chain(1).targets.every(({ state }) => state === "serving"), 5000);
    }
    expect(left).toEqual([1, 2, 0]);
    expect(cluster.shown(1)).toBe("3 serving, 1 serving, 2 serving");
  });

  it("cannot put two replicas on one host, nor a target into two chains", async () => {
    cluster = new TestCluster();
    await cluster.upWithChain(1);
    cluster.startNode(2, [2, 20], { hostTag: "h1" });
    cluster.startNode(3, [3]);
    await cluster.clock.advance(1000);
    const add = cluster.operate({ kind: "addTarget", chain: c(1), target: t(2) });
    await expect(add).rejects.toMatchObject({
      code: "BAD_CHAIN",
      message: expect.stringContaining("host h1"),
    });
    const same = { kind: "createChains", chains: [{ id: c(2), targets: [t(1)] }] } as const;
    await expect(cluster.operate(same)).rejects.toMatchObject({ code: "BAD_CHAIN" });
    const unknown = { kind: "createChains", chains: [{ id: c(2), targets: [t(77)] }] } as const;
    await expect(cluster.operate(unknown)).rejects.toMatchObject({ code: "UNKNOWN_TARGET" });
    const register = { kind: "registerNode", node: n(3), nodeKind: "storage", host: "h1", tags: [] } as const;
    await cluster.operate(register);
    const third = cluster.operate({ kind: "addTarget", chain: c(1), target: t(3) });
    await expect(third).rejects.toMatchObject({ code: "BAD_CHAIN" });
  });

  it("make tables whose versions stay", async () => {
    cluster = new TestCluster();
    await cluster.upWithChain(1);
    cluster.startNode(2, [2]);
    await cluster.clock.advance(1000);
    await cluster.operate({ kind: "createChains", chains: [{ id: c(2), targets: [t(2)] }] });
    const put = (...chains: number[]) =>
      cluster.operate({ kind: "putTable", table: 1 as never, chains: chains.map(c) });
    expect(await put(1)).toBe(1);
    expect(await put(1)).toBe(1);
    expect(await put(1, 2)).toBe(2);
    await cluster.clock.advance(500);
    expect([...cluster.admin.routing.tables.keys()]).toEqual(["1.1", "1.2"]);
    await expect(put()).rejects.toMatchObject({ code: "BAD_TABLE" });
    await expect(put(1, 1)).rejects.toMatchObject({ code: "BAD_TABLE" });
    await expect(put(9)).rejects.toMatchObject({ code: "UNKNOWN_CHAIN" });
  });

  it("must be members or administrators", async () => {
    cluster = new TestCluster();
    await cluster.upWithChain(1);
    const user = { uid: 5, gid: 5, groups: [], admin: false };
    const action = { kind: "drainNode", node: n(1), draining: true } as const;
    const plain = cluster.client({ kind: "user", user });
    await expect(cluster.inTime(plain.operate(action))).rejects.toMatchObject({ code: "NOT_ALLOWED" });
    const admin = cluster.client({ kind: "user", user: { ...user, admin: true } });
    await cluster.inTime(admin.operate(action));
  });
});
