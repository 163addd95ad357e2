import { isPondError, NO_PROBES, SeededRandom } from "@smallpond/base";
import { ManualClock } from "@smallpond/base/testing";
import {
  LocalMetastore,
  type LocalMetastoreSettings,
  MemoryStore,
  MemoryStoreState,
} from "@smallpond/fs-core";
import { FaultyStore } from "@smallpond/fs-core/testing";
import { expect, test } from "vitest";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function setup(settings: LocalMetastoreSettings = {}) {
  const clock = new ManualClock();
  const random = new SeededRandom(1);
  const state = new MemoryStoreState();
  const store = new FaultyStore({ clock, random, probes: NO_PROBES }, new MemoryStore({ state }));
  const metastore = new LocalMetastore({ store, clock, random }, settings);
  return { clock, store, state, metastore };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    return `no error but ${(await promise) as string}`;
  } catch (error) {
    return isPondError(error) ? error.code : String(error);
  }
}

async function writing(metastore: LocalMetastore, key: string, value: string) {
  const transaction = await metastore.begin();
  transaction.set(utf8(key), utf8(value));
  return transaction;
}

test("commits beyond those that may wait are refused, and the others go on", async () => {
  const { clock, store, metastore } = setup({ engine: { pendingMax: 4, batchTransactionsMax: 1 } });
  const transactions = [];
  for (let each = 0; each < 8; each++) transactions.push(await writing(metastore, `k${each}`, "1"));
  store.set({ latencyMs: 10 });
  const outcomes = transactions.map((transaction) => codeOf(transaction.commit().then(({ kind }) => kind)));
  await clock.advance(1000);
  const codes = await Promise.all(outcomes);
  expect(codes.filter((code) => code === "METASTORE_BUSY").length).toBe(4);
  expect(codes.filter((code) => code === "no error but committed").length).toBe(4);
});

test("batches hold as many transactions as they may", async () => {
  const { metastore, state } = setup({ engine: { batchTransactionsMax: 10 } });
  const transactions = [];
  for (let each = 0; each < 25; each++) transactions.push(await writing(metastore, `k${each}`, "1"));
  await Promise.all(transactions.map((transaction) => transaction.commit()));
  const journal = state.rows.scan({ begin: "\u00ff", end: "\u00ff\u00ff", limit: 100, reverse: false });
  expect(journal.length).toBe(3);
});

test("of too many snapshots the oldest are too old", async () => {
  const { metastore } = setup({ engine: { snapshotsMax: 3 } });
  const readers = [];
  for (let each = 0; each < 6; each++) {
    readers.push(await metastore.begin());
    await (await writing(metastore, "a", `${each}`)).commit();
  }
  (await metastore.begin()).cancel();
  const codes = await Promise.all(
    readers.map((reader) => codeOf(reader.get(utf8("a")).then(() => "a value"))),
  );
  expect(codes.filter((code) => code === "TRANSACTION_TOO_OLD").length).toBe(4);
  expect(codes.at(-1)).toBe("no error but a value");
});

test("a transaction older than what the log remembers is too old, not wrongly committed", async () => {
  const { metastore } = setup({ engine: { logKeysMax: 5 } });
  const late = await metastore.begin();
  await late.get(utf8("a"));
  for (let each = 0; each < 20; each++) await (await writing(metastore, `k${each}`, "1")).commit();
  late.set(utf8("b"), utf8("1"));
  expect(await codeOf(late.commit())).toBe("TRANSACTION_TOO_OLD");
});

test("an aborted commit may be written all the same, or not, and those beside it are", async () => {
  const { clock, store, metastore } = setup();
  const [aborted, kept] = [await writing(metastore, "a", "1"), await writing(metastore, "b", "1")];
  store.set({ latencyMs: 10 });
  const controller = new AbortController();
  const committing = aborted.commit({ signal: controller.signal });
  const beside = kept.commit();
  controller.abort(new Error("stop"));
  await expect(committing).rejects.toThrow("stop");
  await clock.advance(100);
  expect((await beside).kind).toBe("committed");
});

test("a store that cannot be reached fails commits without ending the engine", async () => {
  const { clock, store, metastore } = setup();
  const transaction = await writing(metastore, "a", "1");
  store.set({ unreachable: true });
  expect(await codeOf(transaction.commit())).toBe("STORE_UNREACHABLE");
  store.heal();
  await clock.advance(100);
  expect((await (await writing(metastore, "a", "2")).commit()).kind).toBe("committed");
});

test("what is opened again goes on from the last version", async () => {
  const { state, metastore } = setup();
  const first = await (await writing(metastore, "a", "1")).commit();
  await metastore.close();
  expect(await codeOf(metastore.begin())).toBe("METASTORE_CLOSED");
  const clock = new ManualClock();
  const store = new MemoryStore({ state });
  const again = new LocalMetastore({ store, clock, random: new SeededRandom(2) });
  const second = await (await writing(again, "a", "2")).commit();
  expect([first, second]).toEqual([
    { kind: "committed", version: 1n },
    { kind: "committed", version: 2n },
  ]);
});

/** Sizes of batches in the order in which the store was given them, of transactions that write a key each. */
function batchesOf(store: FaultyStore): readonly number[] {
  const sizes: number[] = [];
  const apply = store.apply.bind(store);
  // The journal's row is none of theirs.
  store.apply = (batch, options) => {
    sizes.push(batch.length - 1);
    return apply(batch, options);
  };
  return sizes;
}

test("writers that go on as soon as they are answered come to share batches evenly", async () => {
  const { clock, store, metastore } = setup();
  const sizes = batchesOf(store);
  store.set({ latencyMs: 10 });
  const writers = Array.from({ length: 20 }, async (_, writer) => {
    for (let each = 0; each < 20; each++) await (await writing(metastore, `k${writer}`, `${each}`)).commit();
  });
  for (let turn = 0; turn < 100; turn++) await clock.advance(10);
  await Promise.all(writers);
  expect(sizes.slice(10, 20)).toEqual(Array.from({ length: 10 }, () => 10));
});

test("the store has the next batch before those of the last one are told, and the last are told too", async () => {
  const { clock, store, metastore } = setup();
  const sizes = batchesOf(store);
  const [a, b] = [await writing(metastore, "a", "1"), await writing(metastore, "b", "1")];
  store.set({ latencyMs: 10 });
  const seen: (readonly [string, number])[] = [];
  const first = a.commit().then(() => seen.push(["a", sizes.length]));
  await clock.advance(1);
  const second = b.commit().then(() => seen.push(["b", sizes.length]));
  for (let turn = 0; turn < 10; turn++) await clock.advance(10);
  await Promise.all([first, second]);
  expect(seen).toEqual([
    ["a", 2],
    ["b", 2],
  ]);
});
