import { isPondError, NO_PROBES, SeededRandom } from "@smallpond/base";
import { ManualClock } from "@smallpond/base/testing";
import {
  type Caller,
  MemoryStore,
  MemoryStoreState,
  type Metastore,
  MetastoreMetrics,
  MetastoreNode,
  Metrics,
  silentLogger,
} from "@smallpond/fs-core";
import { FaultyStore } from "@smallpond/fs-core/testing";
import { expect, test } from "vitest";
import { Cluster } from "./cluster.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function put(metastore: Metastore, key: string, value: string): Promise<void> {
  return metastore.transact(async (transaction) => transaction.set(utf8(key), utf8(value)));
}

async function get(metastore: Metastore, key: string): Promise<string | undefined> {
  const value = await metastore.transact((transaction) => transaction.get(utf8(key)));
  return value === undefined ? undefined : new TextDecoder().decode(value);
}

async function number(metastore: Metastore, key: string): Promise<bigint> {
  const value = await metastore.transact((transaction) => transaction.get(utf8(key)));
  return value === undefined ? 0n : new DataView(value.buffer, value.byteOffset).getBigInt64(0, true);
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    return `no error but ${told(await promise)}`;
  } catch (error) {
    return isPondError(error) ? error.code : String(error);
  }
}

function told(value: unknown): string {
  const kind = (value as { readonly kind?: string } | undefined)?.kind;
  return kind ?? String(value);
}

test("when the owner is gone another process takes over, not before the lease has run out, and nothing is lost", async () => {
  await using cluster = new Cluster();
  const [owner, other] = await cluster.pair();
  await cluster.result(put(other.node, "a", "1"));
  await owner.crash();
  const goneMs = cluster.clock.monotonicMs();
  const writing = put(other.node, "b", "2");
  await cluster.until(() => other.node.isOwner);
  const waitedMs = cluster.clock.monotonicMs() - goneMs;
  expect(waitedMs).toBeGreaterThan(2500);
  expect(waitedMs).toBeLessThan(6000);
  await cluster.result(writing);
  expect([await get(other.node, "a"), await get(other.node, "b")]).toEqual(["1", "2"]);
});

test("an owner that ends leaves the store to whoever comes, at once", async () => {
  await using cluster = new Cluster();
  const [owner, other] = await cluster.pair();
  await put(owner.node, "a", "1");
  const writing = put(owner.node, "b", "2").catch((error: unknown) => error);
  await cluster.result(owner.node.close());
  await writing;
  const goneMs = cluster.clock.monotonicMs();
  await cluster.until(() => other.node.isOwner);
  expect(cluster.clock.monotonicMs() - goneMs).toBeLessThan(1000);
  expect(await get(other.node, "a")).toBe("1");
});

test("an old owner that wakes up neither serves a stale read nor commits", async () => {
  await using cluster = new Cluster();
  const [owner, other] = await cluster.pair();
  await put(owner.node, "a", "old");
  const [reader, writer] = [await owner.node.begin(), await owner.node.begin()];
  expect(await writer.get(utf8("b"))).toBe(undefined);
  writer.set(utf8("a"), utf8("from the past"));
  owner.clock.pause();
  await cluster.until(() => other.node.isOwner);
  await put(other.node, "a", "new");
  // Before anything that it planned has run.
  expect(owner.node.isOwner).toBe(false);
  expect(await codeOf(writer.commit())).toMatch(/NOT_OWNER|TRANSACTION_TOO_OLD/);
  expect(await codeOf(reader.get(utf8("a")))).toBe("TRANSACTION_TOO_OLD");
  const reading = get(owner.node, "a");
  owner.clock.resume();
  expect(await cluster.result(reading)).toBe("new");
  await cluster.until(() => owner.node.owner.kind === "elsewhere");
  expect(await cluster.result(get(owner.node, "a"))).toBe("new");
});

test("an owner that wakes up within its lease goes on", async () => {
  await using cluster = new Cluster();
  const [owner, other] = await cluster.pair();
  owner.clock.pause();
  await cluster.clock.advance(2500);
  owner.clock.resume();
  await cluster.clock.advance(5000);
  expect(owner.node.isOwner).toBe(true);
  expect(other.node.isOwner).toBe(false);
});

test("an owner whose renewals do not arrive serves nothing after its lease, and follows the next one", async () => {
  await using cluster = new Cluster();
  const [owner, other] = await cluster.pair();
  await put(owner.node, "a", "1");
  // It still reads, but what it writes does not arrive, renewals too.
  owner.store.set({ unknownBeforeShare: 1 });
  expect(await get(owner.node, "a")).toBe("1");
  await cluster.until(() => other.node.isOwner);
  expect(owner.node.isOwner).toBe(false);
  await put(other.node, "a", "2");
  expect(await cluster.result(get(owner.node, "a"))).toBe("2");
});

test("a batch of unknown outcome is resolved, whether it was written or not", async () => {
  await using cluster = new Cluster();
  const [owner, other] = await cluster.pair();
  for (const [fault, lands] of [
    ["unknownBeforeShare", false],
    ["unknownAfterShare", true],
  ] as const) {
    for (const member of [owner, other]) {
      const before = await cluster.result(number(member.node, "n"));
      const transaction = await member.node.begin();
      transaction.add(utf8("n"), 1n);
      owner.store.set({ [fault]: 1 });
      const committing = codeOf(transaction.commit());
      await cluster.clock.advance(5);
      owner.store.heal();
      const outcome = await cluster.result(committing);
      if (lands) expect(outcome).toContain("committed");
      else expect(outcome).toMatch(/NOT_OWNER|TRANSACTION_TOO_OLD/);
      expect(await cluster.result(number(member.node, "n"))).toBe(before + (lands ? 1n : 0n));
      expect(owner.node.isOwner).toBe(true);
    }
  }
  expect(owner.metrics.unknownBatches.value).toBe(4);
});

test("a batch of unknown outcome that would be written late never is", async () => {
  await using cluster = new Cluster();
  const [owner] = await cluster.pair();
  owner.store.set({ unknownLateShare: 1, lateMs: 3000 });
  const transaction = await owner.node.begin();
  transaction.set(utf8("a"), utf8("late"));
  const writing = codeOf(transaction.commit());
  await cluster.clock.advance(5);
  owner.store.heal();
  expect(await cluster.result(writing)).toBe("NOT_OWNER");
  await cluster.clock.advance(5000);
  expect(await get(owner.node, "a")).toBe(undefined);
});

test("what an owner could not find out in time is unknown", async () => {
  await using cluster = new Cluster();
  const owner = await cluster.add();
  await cluster.until(() => owner.node.isOwner);
  const transaction = await owner.node.begin();
  transaction.set(utf8("a"), utf8("1"));
  owner.store.set({ unknownAfterShare: 1 });
  const committing = transaction.commit();
  await cluster.clock.advance(1);
  owner.store.set({ unreachable: true });
  expect(await cluster.result(committing)).toEqual({ kind: "unknown" });
  owner.store.heal();
  expect(await cluster.result(get(owner.node, "a"))).toBe("1");
});

test("an unknown outcome is thrown, unless the body may be run again", async () => {
  await using cluster = new Cluster({ node: { lease: { fateMsMax: 100 } } });
  const owner = await cluster.add();
  await cluster.until(() => owner.node.isOwner);
  let runs = 0;
  const raise = (repeatable: boolean): Promise<void> =>
    owner.node.transact(
      async (transaction) => {
        runs += 1;
        transaction.max(utf8("n"), 7n);
      },
      { repeatable },
    );
  for (const [repeatable, expected] of [
    [false, "COMMIT_UNKNOWN"],
    [true, "no error but undefined"],
  ] as const) {
    runs = 0;
    await cluster.until(() => owner.node.isOwner);
    owner.store.set({ unknownBeforeShare: 1 });
    const outcome = codeOf(raise(repeatable));
    await cluster.clock.advance(1);
    owner.store.set({ unreachable: true });
    await cluster.clock.advance(300);
    owner.store.heal();
    expect(await cluster.result(outcome)).toBe(expected);
    expect(runs > 1).toBe(repeatable);
  }
});

test("commits whose questions and answers get lost count once", async () => {
  await using cluster = new Cluster();
  const [owner, other] = await cluster.pair();
  Object.assign(other.losses, { questionShare: 0.2, answerShare: 0.3 });
  let committed = 0n;
  for (let each = 0; each < 60; each++) {
    const outcome = cluster.result(
      other.node.transact(async (transaction) => transaction.add(utf8("n"), 1n), { timeoutMs: 60_000 }),
    );
    await outcome;
    committed += 1n;
  }
  expect(await number(owner.node, "n")).toBe(committed);
});

test("a commit whose answer was lost with its owner is answered by the next one", async () => {
  await using cluster = new Cluster();
  const [owner, other] = await cluster.pair();
  for (const lost of ["question", "answer"] as const) {
    const transaction = await other.node.begin();
    await transaction.get(utf8("n"));
    transaction.add(utf8("n"), 1n);
    Object.assign(other.losses, { [`${lost}Share`]: 1 });
    const committing = codeOf(transaction.commit());
    await cluster.clock.advance(1);
    Object.assign(other.losses, { questionShare: 0, answerShare: 0 });
    if (lost === "answer") {
      await owner.crash();
      expect(await cluster.result(committing)).toContain("committed");
      expect(other.node.isOwner).toBe(true);
    } else expect(await cluster.result(committing)).toContain("committed");
  }
  expect(await number(other.node, "n")).toBe(2n);
});

test("a commit that the journal has forgotten is unknown, not written twice", async () => {
  await using cluster = new Cluster({ node: { engine: { journalBatchesMax: 4 } } });
  const [owner, other] = await cluster.pair();
  const transaction = await other.node.begin();
  await transaction.get(utf8("n"));
  transaction.add(utf8("n"), 1n);
  Object.assign(other.losses, { answerShare: 1 });
  const committing = transaction.commit();
  await cluster.clock.advance(1);
  for (let each = 0; each < 10; each++) await put(owner.node, "x", `${each}`);
  Object.assign(other.losses, { answerShare: 0 });
  expect(await cluster.result(committing)).toEqual({ kind: "unknown" });
  expect(await number(owner.node, "n")).toBe(1n);
});

test("the journal stays short", async () => {
  await using cluster = new Cluster({ node: { engine: { journalBatchesMax: 8 } } });
  const owner = await cluster.add();
  await cluster.until(() => owner.node.isOwner);
  for (let each = 0; each < 100; each++) await put(owner.node, "x", `${each}`);
  const rows = cluster.state.rows.scan({ begin: "\u00ff", end: "\u00ff\u00ff", limit: 1000, reverse: false });
  expect(rows.length).toBeLessThanOrEqual(10);
});

test("a batch that fails leaves no gap in the journal", async () => {
  await using cluster = new Cluster({ node: { engine: { journalBatchesMax: 4 } } });
  const owner = await cluster.add();
  await cluster.until(() => owner.node.isOwner);
  const journal = (): number => {
    const rows = { begin: "\u00ff", end: "\u00ff\u00ff", limit: 1000, reverse: false };
    return cluster.state.rows.scan(rows).length;
  };
  for (let each = 0; each < 8; each++) await put(owner.node, "x", `${each}`);
  const rows = journal();
  owner.store.set({ full: true });
  for (let each = 0; each < 8; each++) {
    expect(await codeOf(cluster.result(put(owner.node, "x", "full")))).toBe("STORE_FULL");
  }
  owner.store.heal();
  for (let each = 0; each < 8; each++) await put(owner.node, "x", `${each}`);
  expect(journal()).toBe(rows);
});

test("a full store refuses what is written, serves what is read, and goes on when there is room", async () => {
  await using cluster = new Cluster();
  const [owner, other] = await cluster.pair();
  await put(owner.node, "a", "1");
  owner.store.set({ full: true });
  for (const { node } of [owner, other]) {
    expect(await codeOf(cluster.result(put(node, "a", "2")))).toBe("STORE_FULL");
    expect(await cluster.result(get(node, "a"))).toBe("1");
  }
  owner.store.heal();
  for (const { node } of [owner, other]) {
    await cluster.result(
      node.transact(async (transaction) => {
        await transaction.get(utf8("a"));
        transaction.set(utf8("a"), utf8("3"));
      }),
    );
    expect(await cluster.result(get(node, "a"))).toBe("3");
  }
  expect(owner.node.isOwner).toBe(true);
});

test("a store that keeps room back takes what frees rows, alone and beside what it refuses, here and elsewhere", async () => {
  await using cluster = new Cluster();
  const [owner, other] = await cluster.pair();
  for (let each = 0; each < 8; each++) await put(owner.node, `a${each}`, "1");
  owner.store.set({ full: "reserved" });
  const free = (node: (typeof owner)["node"], key: string): Promise<string> =>
    codeOf(node.transact(async (transaction) => transaction.clear(utf8(key)), { reserve: true }));
  for (const round of [0, 1]) {
    const outcomes = [owner.node, other.node].flatMap((node, at) =>
      [0, 1].flatMap((each) => [
        codeOf(put(node, `b${each}`, "2")),
        free(node, `a${4 * round + 2 * at + each}`),
        codeOf(put(node, `c${each}`, "2")),
      ]),
    );
    const [full, freed] = ["STORE_FULL", "no error but undefined"];
    const expected = Array.from({ length: 4 }, () => [full, freed, full]).flat();
    expect(await cluster.result(Promise.all(outcomes))).toEqual(expected);
  }
  for (let each = 0; each < 8; each++)
    expect(await cluster.result(get(other.node, `a${each}`))).toBe(undefined);
  owner.store.heal();
  await cluster.result(put(other.node, "b", "3"));
  expect(await cluster.result(get(owner.node, "b"))).toBe("3");
});

test("of many that want to follow, one does", async () => {
  await using cluster = new Cluster();
  const [owner] = await cluster.pair();
  const others = [await cluster.add(), await cluster.add(), await cluster.add()];
  await owner.crash();
  await cluster.until(() => others.some(({ node }) => node.isOwner));
  await cluster.clock.advance(3000);
  expect(others.filter(({ node }) => node.isOwner).length).toBeLessThanOrEqual(1);
});

test("a closed node says so", async () => {
  await using cluster = new Cluster();
  const [owner, other] = await cluster.pair();
  for (const { node } of [other, owner]) {
    await cluster.result(node.close());
    expect(await codeOf(get(node, "a"))).toBe("METASTORE_CLOSED");
  }
});

test("closing leaves no timer, also while the outcome of a batch is being found out", async () => {
  const clock = new ManualClock();
  const random = new SeededRandom(1);
  const bare = new MemoryStore({ state: new MemoryStoreState() });
  const store = new FaultyStore({ clock, random, probes: NO_PROBES }, bare);
  const metrics = new MetastoreMetrics(new Metrics());
  const callerOf = (): Caller => {
    throw new Error("there is nobody else");
  };
  const deps = { store, clock, random, probes: NO_PROBES, log: silentLogger(), metrics, callerOf };
  const node = new MetastoreNode(deps);
  node.start();
  await clock.advance(100);
  const transaction = await node.begin();
  transaction.set(utf8("a"), utf8("1"));
  store.set({ unknownAfterShare: 1, latencyMs: 50 });
  const committing = transaction.commit();
  while (metrics.unknownBatches.value === 0) await clock.advance(1);
  store.set({ unreachable: true });
  await clock.advance(1000);
  let closed = false;
  void node.close().then(() => {
    closed = true;
  });
  for (let step = 0; step < 1000 && !closed; step++) await clock.advance(1);
  expect([closed, clock.pendingCount]).toEqual([true, 0]);
  expect(await committing).toEqual({ kind: "unknown" });
});
