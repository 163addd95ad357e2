/** What is refused, and that it changes nothing. */
import { expectCode, expectEqual, expectThat, rejectionOf } from "@smallpond/base/testing";
import { TRANSACTION_LIMITS } from "../../metastore/transaction.ts";
import type { MetastoreCases } from "./metastore.ts";
import { all, expectCommitted, get, put, range, rowsOf, utf8, write } from "./metastore-steps.ts";

export const LIMIT_CASES: MetastoreCases = {
  "the longest key and value are taken, longer ones refused": async ({ metastore }) => {
    const key = new Uint8Array(TRANSACTION_LIMITS.keyBytesMax).fill(0x61);
    const value = new Uint8Array(TRANSACTION_LIMITS.valueBytesMax).fill(0x62);
    await metastore.transact(async (transaction) => transaction.set(key, value));
    const back = await metastore.transact((transaction) => transaction.get(key));
    expectThat(back?.length === value.length && back.every((byte) => byte === 0x62), "the value comes back");
    const page = await metastore.transact((transaction) => transaction.range({ begin: key, end: utf8("b") }));
    expectEqual(page.entries.length, 1, "rows in the range that begins with it");
    const longKey = new Uint8Array(key.length + 1).fill(0x61);
    const longValue = new Uint8Array(value.length + 1);
    for (const [badKey, badValue] of [
      [longKey, value],
      [utf8("k"), longValue],
    ] as const) {
      const setting = metastore.transact(async (transaction) => transaction.set(badKey, badValue));
      await expectCode(setting, "TRANSACTION_TOO_LARGE");
    }
    await expectCode(
      metastore.transact((transaction) => transaction.get(longKey)),
      "TRANSACTION_TOO_LARGE",
    );
    expectEqual(await get(metastore, "k"), undefined, "the refused row");
  },

  "keys must not be empty or the metastore's own": async ({ metastore }) => {
    for (const key of [new Uint8Array(), Uint8Array.of(0xff), Uint8Array.of(0xff, 0x4a, 0)]) {
      await expectCode(
        metastore.transact(async (transaction) => transaction.set(key, key)),
        "KEY_INVALID",
      );
      await expectCode(
        metastore.transact((transaction) => transaction.get(key)),
        "KEY_INVALID",
      );
    }
    await put(metastore, "a=1");
    const everything = { begin: new Uint8Array(), end: Uint8Array.of(0xff, 0xff, 0xff) };
    const page = await metastore.transact((transaction) => transaction.range(everything));
    expectEqual(rowsOf(page), ["a=1"], "all that can be seen");
    await metastore.transact(async (transaction) => transaction.clearRange(everything));
    await put(metastore, "b=1");
    expectEqual(await all(metastore), ["b=1"], "after everything was cleared");
  },

  "a transaction of too many bytes is refused whole": async ({ metastore }) => {
    const value = new Uint8Array(TRANSACTION_LIMITS.valueBytesMax);
    const filling = metastore.transact(async (transaction) => {
      for (let each = 0; each < 110; each++) transaction.set(utf8(`k${each}`), value);
    });
    await expectCode(filling, "TRANSACTION_TOO_LARGE");
    expectEqual(await get(metastore, "k0"), undefined, "the first row");
  },

  "a large transaction within the limits commits": async ({ metastore }) => {
    const value = new Uint8Array(90 * 1024).fill(1);
    await metastore.transact(async (transaction) => {
      for (let each = 0; each < 100; each++) transaction.set(utf8(`k${each}`), value);
    });
    const back = await metastore.transact((transaction) => transaction.get(utf8("k99")));
    expectEqual(back?.length, value.length, "the last row");
  },

  "a transaction that is too old can neither read nor commit": async ({ metastore, advance }) => {
    const [idle, reading] = [await metastore.begin(), await metastore.begin()];
    for (const transaction of [idle, reading]) await transaction.get(utf8("a"));
    write(idle, "a=1");
    await advance(TRANSACTION_LIMITS.ageMsMax + 100);
    await expectCode(idle.commit(), "TRANSACTION_TOO_OLD");
    await expectCode(reading.get(utf8("a")), "TRANSACTION_TOO_OLD");
    await expectCode(reading.range(range("a", "b")), "TRANSACTION_TOO_OLD");
    reading.cancel();
    expectEqual(await get(metastore, "a"), undefined, "the row");
  },

  "a transaction that began long after the last commit has its time": async ({ metastore, advance }) => {
    await put(metastore, "a=1");
    await advance(4 * TRANSACTION_LIMITS.ageMsMax);
    const transaction = await metastore.begin();
    await transaction.get(utf8("a"));
    await advance(TRANSACTION_LIMITS.ageMsMax / 2);
    write(transaction, "a=2");
    expectCommitted(await transaction.commit());
  },

  "an abort ends a commit with its reason": async ({ metastore }) => {
    const reason = new Error("stop");
    const early = await metastore.begin();
    write(early, "a=1");
    expectEqual(
      (await rejectionOf(early.commit({ signal: AbortSignal.abort(reason) }))) === reason,
      true,
      "the reason",
    );
    expectEqual(await get(metastore, "a"), undefined, "nothing was begun");
    const controller = new AbortController();
    const late = await metastore.begin();
    write(late, "b=1");
    const committing = rejectionOf(late.commit({ signal: controller.signal }));
    controller.abort(reason);
    expectEqual((await committing) === reason, true, "the reason");
  },
};
