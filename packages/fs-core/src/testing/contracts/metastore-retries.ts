/** `transact`: what is tried again, and what is not. */
import { expectCode, expectEqual, expectThat, rejectionOf } from "@smallpond/base/testing";
import type { MetastoreCases } from "./metastore.ts";
import { get, number, put, utf8, write } from "./metastore-steps.ts";

export const RETRY_CASES: MetastoreCases = {
  "increments by many at once all count": async ({ metastore, other, advance }) => {
    const increments = Array.from({ length: 16 }, (_, each) =>
      (each % 2 === 0 ? metastore : other).transact(
        async (transaction) => {
          const row = await transaction.get(utf8("n"));
          const next =
            row === undefined ? 1n : new DataView(row.buffer, row.byteOffset).getBigInt64(0, true) + 1n;
          const value = new Uint8Array(8);
          new DataView(value.buffer).setBigInt64(0, next, true);
          transaction.set(utf8("n"), value);
        },
        { timeoutMs: 60_000 },
      ),
    );
    let done = false;
    const all = Promise.all(increments).then(() => (done = true));
    for (let round = 0; round < 1000 && !done; round++) await advance(50);
    await all;
    expectEqual(await number(metastore, "n"), 16n, "the number");
  },

  "what the body throws is thrown, and nothing is written": async ({ metastore }) => {
    const reason = new Error("changed my mind");
    let runs = 0;
    const thrown = await rejectionOf(
      metastore.transact(async (transaction) => {
        runs += 1;
        write(transaction, "a=1");
        throw reason;
      }),
    );
    expectThat(thrown === reason, "the body's error comes back as it is");
    expectEqual(runs, 1, "runs");
    expectEqual(await get(metastore, "a"), undefined, "the row");
  },

  "what the body returned when it committed is the result": async ({ metastore, other, advance }) => {
    await put(metastore, "a=1");
    let runs = 0;
    const result = metastore.transact(async (transaction) => {
      runs += 1;
      const run = runs;
      await transaction.get(utf8("a"));
      if (run === 1) await put(other, "a=2");
      write(transaction, "b=1");
      return run;
    });
    let done = false;
    void result.then(() => (done = true));
    for (let round = 0; round < 100 && !done; round++) await advance(10);
    expectEqual([await result, runs], [2, 2], "the run that committed");
  },

  "conflicts without end are told when the time is over": async ({ metastore, other, advance }) => {
    let runs = 0;
    const losing = rejectionOf(
      metastore.transact(
        async (transaction) => {
          runs += 1;
          await transaction.get(utf8("a"));
          await put(other, `a=${runs}`);
          write(transaction, "b=1");
        },
        { timeoutMs: 500 },
      ),
    );
    let done = false;
    void losing.then(() => (done = true));
    for (let round = 0; round < 100 && !done; round++) await advance(50);
    await expectCode(
      losing.then((error) => Promise.reject(error)),
      "TRANSACTION_CONFLICT",
    );
    expectThat(runs > 2, `it ran ${runs} times`);
    expectEqual(await get(metastore, "b"), undefined, "the row");
  },

  "an abort ends the tries with its reason": async ({ metastore }) => {
    const reason = new Error("stop");
    const error = await rejectionOf(
      metastore.transact(async (transaction) => write(transaction, "a=1"), {
        signal: AbortSignal.abort(reason),
      }),
    );
    expectThat(error === reason, "the reason comes back as it is");
    expectEqual(await get(metastore, "a"), undefined, "the row");
  },
};
