/** What transactions read: one snapshot, and their own writes. */
import { expectCode, expectEqual } from "@smallpond/base/testing";
import type { MetastoreCases } from "./metastore.ts";
import { all, get, number, put, range, rowsOf, textOf, utf8, write } from "./metastore-steps.ts";

export const READ_CASES: MetastoreCases = {
  "a commit that was acknowledged is seen by whoever begins afterwards": async ({ metastore, other }) => {
    await put(metastore, "a=1");
    expectEqual(await get(other, "a"), "1", "the other's view");
    await put(other, "a=2");
    expectEqual(await get(metastore, "a"), "2", "the view");
    expectEqual(await get(metastore, "b"), undefined, "a key that was never written");
  },

  "a snapshot stays as it is while others commit": async ({ metastore, other }) => {
    await put(metastore, "a=1", "b=1");
    const transaction = await metastore.begin();
    expectEqual(textOf(await transaction.get(utf8("a"))), "1", "before");
    await put(other, "a=2", "b=2", "c=2");
    const values = await transaction.getMany([utf8("b"), utf8("a"), utf8("c")]);
    expectEqual(values.map(textOf), ["1", "1", undefined], "after");
    expectEqual(rowsOf(await transaction.range(range("a", "z"))), ["a=1", "b=1"], "the range after");
    transaction.cancel();
  },

  "a transaction reads what it wrote": async ({ metastore }) => {
    await put(metastore, "a=1", "b=1", "c=1");
    const transaction = await metastore.begin();
    write(transaction, "a=2", "b", "d=2");
    const values = await transaction.getMany(["a", "b", "c", "d", "e"].map(utf8));
    expectEqual(values.map(textOf), ["2", undefined, "1", "2", undefined], "many at once");
    expectEqual(textOf(await transaction.get(utf8("a"))), "2", "a row written over");
    expectEqual(await transaction.get(utf8("b")), undefined, "a row removed");
    expectEqual(rowsOf(await transaction.range(range("a", "z"))), ["a=2", "c=1", "d=2"], "the range");
    transaction.cancel();
    expectEqual(await all(metastore), ["a=1", "b=1", "c=1"], "after it was dropped");
  },

  "a range that was cleared is empty, and holds what is written afterwards": async ({ metastore }) => {
    await put(metastore, "a=1", "b=1", "c=1", "d=1");
    await metastore.transact(async (transaction) => {
      write(transaction, "b=2", "bb=2");
      transaction.clearRange(range("b", "d"));
      write(transaction, "c=3");
      expectEqual(rowsOf(await transaction.range(range("a", "z"))), ["a=1", "c=3", "d=1"], "its own view");
      expectEqual(await transaction.get(utf8("bb")), undefined, "a row written before");
    });
    expectEqual(await all(metastore), ["a=1", "c=3", "d=1"], "everybody's view");
  },

  "a transaction reads its own sums and maxima": async ({ metastore }) => {
    await metastore.transact(async (transaction) => transaction.add(utf8("n"), 40n));
    await metastore.transact(async (transaction) => {
      transaction.add(utf8("n"), 1n);
      transaction.add(utf8("n"), 1n);
      transaction.max(utf8("m"), 7n);
      const values = [...(await transaction.getMany([utf8("n"), utf8("m")]))];
      values.push(await transaction.get(utf8("n")));
      const { entries } = await transaction.range(range("a", "z"));
      for (const { value } of entries) values.push(value);
      const numbers = values.map((bytes) => new DataView(bytes!.buffer).getBigInt64(0, true));
      expectEqual(numbers, [42n, 7n, 42n, 7n, 42n], "numbers");
    });
    expectEqual(await number(metastore, "n"), 42n, "the sum");
  },

  "its own versionstamp cannot be read": async ({ metastore }) => {
    const transaction = await metastore.begin();
    transaction.setVersionstamped(utf8("v"), new Uint8Array(8));
    await expectCode(transaction.get(utf8("v")), "VERSION_NOT_YET_KNOWN");
    await expectCode(transaction.range(range("a", "z")), "VERSION_NOT_YET_KNOWN");
    transaction.cancel();
  },

  "a range comes in pages, from either end": async ({ metastore }) => {
    await put(metastore, "a=1", "b=1", "c=1", "d=1");
    const transaction = await metastore.begin();
    const first = await transaction.range(range("a", "d"), { limit: 2 });
    expectEqual([rowsOf(first), first.more], [["a=1", "b=1"], true], "the first page");
    const exact = await transaction.range(range("a", "d"), { limit: 3 });
    expectEqual([rowsOf(exact), exact.more], [["a=1", "b=1", "c=1"], false], "all of it");
    const last = await transaction.range(range("a", "d"), { limit: 2, reverse: true });
    expectEqual([rowsOf(last), last.more], [["c=1", "b=1"], true], "the last page");
    write(transaction, "c", "bb=2", "aa=2");
    transaction.clearRange(range("b", "bb"));
    const merged = await transaction.range(range("", "z"), { limit: 2, reverse: true });
    expectEqual([rowsOf(merged), merged.more], [["d=1", "bb=2"], true], "with its own writes");
    const nothing = await transaction.range(range("d", "a"));
    expectEqual([rowsOf(nothing), nothing.more], [[], false], "a range that ends before it begins");
    transaction.cancel();
  },

  "a long range with holes is read to its end": async ({ metastore }) => {
    const names = Array.from({ length: 2500 }, (_, index) => `k${`${index}`.padStart(5, "0")}`);
    await put(metastore, ...names.map((name) => `${name}=1`));
    const transaction = await metastore.begin();
    transaction.clearRange(range("k00010", "k02400"));
    const page = await transaction.range(range("k", "l"));
    const left = [...names.slice(0, 10), ...names.slice(2400)].map((name) => `${name}=1`);
    expectEqual([rowsOf(page), page.more], [left, false], "what is left");
    const back = await transaction.range(range("k", "l"), { reverse: true, limit: 105 });
    expectEqual([rowsOf(back), back.more], [left.toReversed().slice(0, 105), true], "from the end");
    transaction.cancel();
    const whole = await metastore.transact((reading) => reading.range(range("k", "l")));
    expectEqual([whole.entries.length, whole.more], [1000, true], "a page without a limit");
  },

  "what was read belongs to the reader": async ({ metastore }) => {
    await put(metastore, "a=1");
    const transaction = await metastore.begin();
    write(transaction, "b=1");
    for (const name of ["a", "b"]) (await transaction.get(utf8(name)))!.fill(0);
    for (const { key, value } of (await transaction.range(range("a", "z"))).entries) {
      key.fill(0);
      value.fill(0);
    }
    expectEqual(rowsOf(await transaction.range(range("a", "z"))), ["a=1", "b=1"], "the rows");
    transaction.cancel();
  },

  "keys are ordered byte by byte": async ({ metastore }) => {
    const keys = [[0], [0, 0], [0, 1], [1], [0x7f], [0x80], [0xc3, 0xbf], [0xfe, 0xff]].map((bytes) =>
      Uint8Array.from(bytes),
    );
    await metastore.transact(async (transaction) => {
      for (const key of keys.toReversed()) transaction.set(key, key);
    });
    const page = await metastore.transact((transaction) =>
      transaction.range({ begin: new Uint8Array(), end: Uint8Array.of(0xff) }),
    );
    expectEqual(
      page.entries.map(({ key }) => [...key]),
      keys.map((key) => [...key]),
      "the order",
    );
    expectEqual(
      page.entries.map(({ value }) => [...value]),
      keys.map((key) => [...key]),
      "the values",
    );
  },
};
