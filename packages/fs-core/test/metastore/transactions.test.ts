import { SeededRandom } from "@smallpond/base";
import { ManualClock } from "@smallpond/base/testing";
import { openMemoryMetastore } from "@smallpond/fs-core/testing";
import { expect, test } from "vitest";

const key = (text: string): Uint8Array => new TextEncoder().encode(text);

test("what a transaction wrote is read by the next one", async () => {
  const metastore = openMemoryMetastore({ clock: new ManualClock(), random: new SeededRandom(1) });
  await metastore.transact(async (transaction) => transaction.set(key("a"), key("1")));
  const value = await metastore.transact((transaction) => transaction.get(key("a")));
  expect(value).toEqual(key("1"));
});

test("of two that read what the other wrote, one conflicts", async () => {
  const metastore = openMemoryMetastore({ clock: new ManualClock(), random: new SeededRandom(1) });
  const [first, second] = [await metastore.begin(), await metastore.begin()];
  await first.get(key("a"));
  await second.get(key("b"));
  first.set(key("b"), key("1"));
  second.set(key("a"), key("1"));
  expect(await Promise.all([first.commit(), second.commit()])).toEqual([
    { kind: "committed", version: 1n },
    { kind: "conflict" },
  ]);
});
