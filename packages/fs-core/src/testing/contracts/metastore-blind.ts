/** Writes that depend on what they meet without reading it: sums, maxima, versions. */
import { expectEqual, expectThat } from "@smallpond/base/testing";
import type { Transaction } from "../../metastore/transaction.ts";
import type { MetastoreCases } from "./metastore.ts";
import { expectCommitted, expectConflict, number, put, range, utf8 } from "./metastore-steps.ts";

export const BLIND_CASES: MetastoreCases = {
  "sums of many at once lose nothing and conflict with nobody": async ({ metastore, other }) => {
    const transactions: Transaction[] = [];
    for (let each = 0; each < 40; each++) {
      const transaction = await (each % 2 === 0 ? metastore : other).begin();
      transaction.add(utf8("sum"), BigInt(each));
      transaction.max(utf8("max"), BigInt(each % 23));
      transactions.push(transaction);
    }
    for (const outcome of await Promise.all(transactions.map((each) => each.commit())))
      expectCommitted(outcome);
    expectEqual(await number(metastore, "sum"), 780n, "the sum");
    expectEqual(await number(metastore, "max"), 22n, "the maximum");
  },

  "a missing row is 0 to a sum and less than everything to a maximum": async ({ metastore }) => {
    await metastore.transact(async (transaction) => {
      transaction.add(utf8("sum"), -5n);
      transaction.max(utf8("max"), -5n);
    });
    expectEqual(await number(metastore, "sum"), -5n, "the sum");
    expectEqual(await number(metastore, "max"), -5n, "the maximum");
  },

  "sums wrap": async ({ metastore }) => {
    const most = 2n ** 63n - 1n;
    await metastore.transact(async (transaction) => transaction.add(utf8("sum"), most));
    await metastore.transact(async (transaction) => transaction.add(utf8("sum"), 1n));
    expectEqual(await number(metastore, "sum"), -most - 1n, "the sum");
  },

  "sums follow what was written before them": async ({ metastore }) => {
    await metastore.transact(async (transaction) => transaction.add(utf8("n/1"), 5n));
    await metastore.transact(async (transaction) => {
      transaction.clear(utf8("n/1"));
      transaction.add(utf8("n/1"), 1n);
      transaction.max(utf8("n/1"), 3n);
    });
    expectEqual(await number(metastore, "n/1"), 3n, "after a removal");
    await metastore.transact(async (transaction) => {
      transaction.clearRange(range("n/", "n0"));
      transaction.add(utf8("n/1"), 2n);
      transaction.add(utf8("n/1"), 2n);
    });
    expectEqual(await number(metastore, "n/1"), 4n, "after a range was cleared");
    await metastore.transact(async (transaction) => {
      transaction.add(utf8("n/1"), 1n);
      transaction.clear(utf8("n/1"));
    });
    expectEqual(await number(metastore, "n/1"), undefined, "before a removal");
  },

  "blind changes that commit together come in order": async ({ metastore }) => {
    await metastore.transact(async (transaction) => transaction.add(utf8("n"), 10n));
    const steps: readonly ((transaction: Transaction) => void)[] = [
      (each) => each.add(utf8("n"), 1n),
      (each) => each.max(utf8("n"), 50n),
      (each) => each.add(utf8("n"), -1n),
      (each) => each.clearRange(range("n", "o")),
      (each) => each.add(utf8("n"), 7n),
      (each) => each.max(utf8("n"), 3n),
    ];
    const transactions: Transaction[] = [];
    for (const step of steps) {
      const transaction = await metastore.begin();
      step(transaction);
      transactions.push(transaction);
    }
    for (const outcome of await Promise.all(transactions.map((each) => each.commit())))
      expectCommitted(outcome);
    expectEqual(await number(metastore, "n"), 7n, "the number");
  },

  "whoever read a row conflicts with its blind changes": async ({ metastore, other }) => {
    const transaction = await metastore.begin();
    await transaction.get(utf8("n"));
    await other.transact(async (changing) => changing.add(utf8("n"), 1n));
    transaction.set(utf8("x"), utf8("1"));
    expectConflict(await transaction.commit());
  },

  "reading a row makes a blind change of it conflict": async ({ metastore, other }) => {
    const transaction = await metastore.begin();
    transaction.add(utf8("n"), 1n);
    await transaction.get(utf8("n"));
    await other.transact(async (changing) => changing.add(utf8("n"), 1n));
    expectConflict(await transaction.commit());
  },

  "versions rise from commit to commit and stand in the rows": async ({ metastore, other }) => {
    let last = 0n;
    for (let each = 0; each < 10; each++) {
      const transaction = await (each % 2 === 0 ? metastore : other).begin();
      const value = new Uint8Array(10).fill(7);
      transaction.setVersionstamped(utf8("v"), value);
      const outcome = await transaction.commit();
      expectThat(outcome.kind === "committed" && outcome.version > last, "the version is above the last one");
      last = outcome.kind === "committed" ? outcome.version : last;
      const row = (await metastore.transact((reading) => reading.get(utf8("v"))))!;
      expectEqual(new DataView(row.buffer, row.byteOffset).getBigUint64(0), last, "the version in the row");
      expectEqual([...row.subarray(8)], [7, 7], "the rest of the row");
      expectEqual([...value], new Array(10).fill(7), "what the caller gave");
      await put(metastore, `between=${each}`);
    }
  },

  "versions of commits at the same time differ": async ({ metastore }) => {
    const transactions: Transaction[] = [];
    for (let each = 0; each < 30; each++) {
      const transaction = await metastore.begin();
      transaction.setVersionstamped(utf8(`v${each}`), new Uint8Array(8));
      transactions.push(transaction);
    }
    const outcomes = await Promise.all(transactions.map((each) => each.commit()));
    const versions = outcomes.map((outcome) => (outcome.kind === "committed" ? outcome.version : 0n));
    expectEqual(new Set(versions).size, 30, "different versions");
    for (const [each, version] of versions.entries()) {
      const row = (await metastore.transact((reading) => reading.get(utf8(`v${each}`))))!;
      expectEqual(new DataView(row.buffer, row.byteOffset).getBigUint64(0), version, `row ${each}`);
    }
  },
};
