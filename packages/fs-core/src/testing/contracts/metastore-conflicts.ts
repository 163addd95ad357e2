/** Who of two must not commit. */
import { expectEqual } from "@smallpond/base/testing";
import type { Metastore, Transaction } from "../../metastore/transaction.ts";
import type { MetastoreCases } from "./metastore.ts";
import { all, expectCommitted, expectConflict, get, put, range, utf8, write } from "./metastore-steps.ts";

export const CONFLICT_CASES: MetastoreCases = {
  "of two that change what both read, the second conflicts": async ({ metastore, other }) => {
    await put(metastore, "a=1");
    const [first, second] = [await metastore.begin(), await other.begin()];
    for (const transaction of [first, second]) await transaction.get(utf8("a"));
    write(first, "a=first");
    write(second, "a=second");
    expectCommitted(await first.commit());
    expectConflict(await second.commit());
    expectEqual(await get(metastore, "a"), "first", "the row");
  },

  "of two that each read what the other writes, one conflicts": async ({ metastore, other }) => {
    await put(metastore, "a=1", "b=1");
    const [first, second] = [await metastore.begin(), await other.begin()];
    for (const transaction of [first, second]) await transaction.getMany([utf8("a"), utf8("b")]);
    write(first, "a=0");
    write(second, "b=0");
    const outcomes = await Promise.all([first.commit(), second.commit()]);
    expectEqual(outcomes.map(({ kind }) => kind).sort(), ["committed", "conflict"], "the outcomes");
  },

  "a row that appears in a range that was read conflicts": async ({ metastore, other }) => {
    const transaction = await metastore.begin();
    await transaction.range(range("d/", "d0"), { limit: 1 });
    await put(other, "d/file=1");
    write(transaction, "d");
    expectConflict(await transaction.commit());
  },

  "a row that goes from a range that was read conflicts": async ({ metastore, other }) => {
    await put(metastore, "d/1=1", "d/2=1");
    const transaction = await metastore.begin();
    await transaction.range(range("d/", "d0"));
    await put(other, "d/2");
    write(transaction, "x=1");
    expectConflict(await transaction.commit());
  },

  "a cleared range conflicts with rows and ranges that were read in it": async ({ metastore, other }) => {
    await put(metastore, "d/1=1", "e=1");
    const clear = (): Promise<void> => other.transact(async (each) => each.clearRange(range("d/", "d0")));
    const reads: readonly ((each: Transaction) => Promise<unknown>)[] = [
      (each) => each.get(utf8("d/1")),
      (each) => each.get(utf8("d/absent")),
      (each) => each.range(range("d", "e")),
      (each) => each.range(range("d/x", "d/y")),
    ];
    for (const read of reads) expectConflict(await changedWhile(metastore, read, clear));
    expectCommitted(await changedWhile(metastore, (each) => each.get(utf8("e")), clear));
  },

  "beyond the end of a full page nothing conflicts": async ({ metastore, other }) => {
    await put(metastore, "a=1", "c=1", "e=1");
    const forward = (each: Transaction): Promise<unknown> => each.range(range("a", "z"), { limit: 2 });
    const backward = (each: Transaction): Promise<unknown> =>
      each.range(range("a", "z"), { limit: 2, reverse: true });
    expectCommitted(await changedWhile(metastore, forward, () => put(other, "d=1")));
    await put(other, "d");
    expectConflict(await changedWhile(metastore, forward, () => put(other, "b=1")));
    await put(other, "b");
    expectConflict(await changedWhile(metastore, forward, () => put(other, "c=2")));
    expectCommitted(await changedWhile(metastore, backward, () => put(other, "b=1")));
    await put(other, "b");
    expectConflict(await changedWhile(metastore, backward, () => put(other, "d=1")));
    await put(other, "d");
    expectConflict(await changedWhile(metastore, backward, () => put(other, "f=1")));
  },

  "a range at its end conflicts with what is appended": async ({ metastore, other }) => {
    await put(metastore, "a=1", "b=1");
    const exact = (each: Transaction): Promise<unknown> => each.range(range("a", "z"), { limit: 2 });
    expectConflict(await changedWhile(metastore, exact, () => put(other, "c=1")));
  },

  "snapshot reads do not conflict": async ({ metastore, other }) => {
    await put(metastore, "a=1");
    const read = async (each: Transaction): Promise<void> => {
      await each.get(utf8("a"), { snapshot: true });
      await each.getMany([utf8("a")], { snapshot: true });
      await each.range(range("a", "z"), { snapshot: true });
    };
    expectCommitted(await changedWhile(metastore, read, () => put(other, "a=2", "b=2")));
  },

  "conflicts that were asked for count as reads": async ({ metastore, other }) => {
    const reads: readonly ((each: Transaction) => void)[] = [
      (each) => each.addReadConflict(utf8("a")),
      (each) => each.addReadConflictRange(range("a", "b")),
    ];
    for (const read of reads) {
      const settled = async (each: Transaction): Promise<void> => {
        await each.get(utf8("elsewhere"));
        read(each);
      };
      expectConflict(await changedWhile(metastore, settled, () => put(other, "a=1")));
      expectCommitted(await changedWhile(metastore, settled, () => put(other, "b=1")));
    }
  },

  "what a transaction reads of its own writes does not conflict": async ({ metastore, other }) => {
    const read = async (each: Transaction): Promise<void> => {
      write(each, "a=mine");
      await each.get(utf8("a"));
    };
    expectCommitted(await changedWhile(metastore, read, () => put(other, "a=theirs")));
    expectEqual(await get(metastore, "a"), "mine", "the last writer's row");
  },

  "writes alone do not conflict": async ({ metastore, other }) => {
    const [first, second] = [await metastore.begin(), await other.begin()];
    write(first, "a=first");
    write(second, "a=second");
    expectCommitted(await first.commit());
    expectCommitted(await second.commit());
    expectEqual(await get(metastore, "a"), "second", "the last writer's row");
  },

  "removing a directory races with creating in it": async ({ metastore, other }) => {
    for (let race = 0; race < 20; race++) {
      await put(metastore, `i${race}=directory`);
      const [remove, create] = [await metastore.begin(), await other.begin()];
      await Promise.all([
        remove.range(range(`d${race}/`, `d${race}0`), { limit: 1 }),
        create.get(utf8(`i${race}`)),
      ]);
      write(remove, `i${race}`);
      write(create, `d${race}/file=1`);
      const outcomes = await Promise.all([remove.commit(), create.commit()]);
      expectEqual(outcomes.map(({ kind }) => kind).sort(), ["committed", "conflict"], `race ${race}`);
    }
  },

  "a transaction without writes commits, whatever happened": async ({ metastore, other }) => {
    await put(metastore, "a=1");
    const transaction = await metastore.begin();
    await transaction.get(utf8("a"));
    await put(other, "a=2");
    expectEqual(await transaction.commit(), { kind: "committed", version: 0n }, "the outcome");
    expectEqual(await all(metastore), ["a=2"], "the rows");
  },
};

/** The outcome of a transaction that read, and then wrote elsewhere, when somebody made a change in between. */
async function changedWhile(
  metastore: Metastore,
  read: (transaction: Transaction) => Promise<unknown>,
  change: () => Promise<void>,
): Promise<Awaited<ReturnType<Transaction["commit"]>>> {
  const transaction = await metastore.begin();
  await read(transaction);
  await change();
  transaction.set(utf8("~mark"), utf8("1"));
  return await transaction.commit();
}
