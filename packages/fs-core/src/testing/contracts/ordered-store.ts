/** What every store under the transactions promises. */
import { type ContractCase, expectEqual, expectThat, rejectionOf } from "@smallpond/base/testing";
import { compareKeys } from "../../metastore/keys.ts";
import type { OrderedStore, StoreMutation, StoreSnapshot } from "../../metastore/ordered-store.ts";
import { rowsOf, textOf, utf8 } from "./metastore-steps.ts";

export interface StoreUnderTest extends AsyncDisposable {
  /** Empty, and never owned. */
  readonly store: OrderedStore;
  /** The same one, as another process sees it. */
  readonly other: OrderedStore;
}

type Body = (subject: StoreUnderTest) => Promise<void>;

export function orderedStoreContract(setup: () => Promise<StoreUnderTest>): readonly ContractCase[] {
  return Object.entries(CASES).map(([name, body]) => ({
    name,
    run: async () => {
      await using subject = await setup();
      await body(subject);
    },
  }));
}

const NOBODY = { epoch: 0n, renewals: 0n };

const CASES: Readonly<Record<string, Body>> = {
  "a batch is seen by later snapshots, here and elsewhere": async ({ store, other }) => {
    const epoch = await own(store);
    expectEqual(await store.apply([set("b", "1"), set("a", "1")], { epoch }), "applied", "the outcome");
    for (const each of [store, other]) expectEqual(await rows(each), ["a=1", "b=1"], "the rows");
  },

  "a snapshot stays as it is": async ({ store }) => {
    const epoch = await own(store);
    await store.apply([set("a", "1"), set("b", "1")], { epoch });
    using before = await store.snapshot();
    await store.apply([set("a", "2"), clear("b"), set("c", "2")], { epoch });
    using after = await store.snapshot();
    await store.apply([set("a", "3")], { epoch });
    expectEqual(await read(before, "a", "b", "c"), ["1", "1", undefined], "before");
    expectEqual(await read(after, "a", "b", "c"), ["2", undefined, "2"], "after");
    expectEqual(
      rowsOf({ entries: await before.range(EVERYTHING, PAGE) }),
      ["a=1", "b=1"],
      "the range before",
    );
    expectEqual(textOf(await before.get(utf8("a"))), "1", "one row before");
  },

  "mutations of a batch follow one another": async ({ store }) => {
    const epoch = await own(store);
    await store.apply(
      ["a", "b", "c", "d"].map((each) => set(each, "1")),
      { epoch },
    );
    await store.apply([set("bb", "2"), clearRange("b", "d"), set("c", "2"), clear("a"), clear("never")], {
      epoch,
    });
    expectEqual(await rows(store), ["c=2", "d=1"], "the rows");
  },

  "ranges are read from either end, up to a limit": async ({ store }) => {
    const epoch = await own(store);
    await store.apply(
      ["a", "b", "c", "d"].map((each) => set(each, each)),
      { epoch },
    );
    using snapshot = await store.snapshot();
    const range = { begin: utf8("b"), end: utf8("d") };
    const page = async (limit: number, reverse: boolean): Promise<readonly string[]> =>
      rowsOf({ entries: await snapshot.range(range, { limit, reverse }) });
    expectEqual(await page(9, false), ["b=b", "c=c"], "all");
    expectEqual(await page(1, false), ["b=b"], "the first");
    expectEqual(await page(9, true), ["c=c", "b=b"], "all from the end");
    expectEqual(await page(1, true), ["c=c"], "the last");
    const none = await snapshot.range({ begin: utf8("c"), end: utf8("b") }, PAGE);
    expectEqual(none.length, 0, "a range that ends before it begins");
    const beyond = await snapshot.range(
      { begin: utf8("a"), end: Uint8Array.of(0xff, 0xff) },
      { limit: 1, reverse: true },
    );
    expectEqual(rowsOf({ entries: beyond }), ["d=d"], "the last of a range that goes far beyond");
  },

  "long keys, any bytes and empty values come back": async ({ store }) => {
    const epoch = await own(store);
    const keys = [
      Uint8Array.of(0),
      Uint8Array.of(0, 0),
      Uint8Array.of(1, 0xff),
      new Uint8Array(1025).fill(0x80),
    ];
    keys.push(Uint8Array.of(0x80, 0x80), Uint8Array.of(0xff, 0x4a));
    const ordered = keys.toSorted((a, b) => compareKeys(a, b));
    const values = [new Uint8Array(), new Uint8Array(200_000).fill(3)];
    const batch = keys.map((key, at): StoreMutation => ({ kind: "set", key, value: values[at % 2]! }));
    expectEqual(await store.apply(batch, { epoch }), "applied", "the outcome");
    using snapshot = await store.snapshot();
    const found = await snapshot.range({ begin: new Uint8Array(), end: Uint8Array.of(0xff, 0xff) }, PAGE);
    expectEqual(
      found.map(({ key }) => key.join()),
      ordered.map((key) => key.join()),
      "the keys",
    );
    for (const [at, value] of (await snapshot.getMany(keys)).entries()) {
      expectEqual(value?.length, values[at % 2]!.length, `the length of value ${at}`);
    }
  },

  "what was read or given belongs to the caller": async ({ store }) => {
    const epoch = await own(store);
    const given = { kind: "set", key: utf8("a"), value: utf8("1") } as const;
    await store.apply([given], { epoch });
    given.value.fill(0);
    given.key.fill(0);
    using snapshot = await store.snapshot();
    (await snapshot.get(utf8("a")))!.fill(0);
    (await snapshot.getMany([utf8("a")]))[0]!.fill(0);
    for (const { key, value } of await snapshot.range(EVERYTHING, PAGE)) {
      key.fill(0);
      value.fill(0);
    }
    expectEqual(rowsOf({ entries: await snapshot.range(EVERYTHING, PAGE) }), ["a=1"], "the row");
  },

  "many rows, many batches": async ({ store }) => {
    const epoch = await own(store);
    const names = Array.from({ length: 3000 }, (_, at) => `${(at * 7919) % 3000}`.padStart(4, "0"));
    for (let at = 0; at < names.length; at += 500) {
      await store.apply(
        names.slice(at, at + 500).map((name) => set(name, name)),
        { epoch },
      );
    }
    await store.apply(names.filter((name) => Number(name) % 3 !== 0).map(clear), { epoch });
    await store.apply([clearRange("1000", "2000")], { epoch });
    const left = names.filter((name) => Number(name) % 3 === 0 && (name < "1000" || name >= "2000")).sort();
    using snapshot = await store.snapshot();
    const found = await snapshot.range(EVERYTHING, { limit: 10_000, reverse: false });
    expectEqual(
      found.map(({ key }) => textOf(key)),
      left,
      "the rows that are left",
    );
  },

  "only the owner of the current epoch writes": async ({ store, other }) => {
    expectEqual(await store.apply([set("a", "1")], { epoch: 1n }), "fenced", "before anybody owned it");
    const first = await own(store);
    const second = await own(other);
    expectThat(second === first + 1n, "the epoch rises by one");
    expectEqual(await store.apply([set("a", "1")], { epoch: first }), "fenced", "the old owner");
    expectEqual(await store.renew({ epoch: first }), "fenced", "the old owner's renewal");
    expectEqual(await rows(store), [], "the rows");
    expectEqual(await other.apply([set("a", "2")], { epoch: second }), "applied", "the new owner");
    expectEqual(await rows(store), ["a=2"], "the rows");
  },

  "of two that want to follow the same owner, one does": async ({ store, other }) => {
    expectEqual((await store.ownership()).epoch, 0n, "the epoch of a new store");
    const owners = await Promise.all([
      store.acquire({ after: NOBODY, owner: utf8("one") }),
      other.acquire({ after: NOBODY, owner: utf8("two") }),
    ]);
    expectEqual(owners.filter((epoch) => epoch === 1n).length, 1, "new owners");
    expectEqual(owners.filter((epoch) => epoch === undefined).length, 1, "those who were late");
    const { epoch, owner, renewals } = await other.ownership();
    expectEqual([epoch, renewals], [1n, 0n], "the new epoch");
    expectEqual(textOf(owner), owners[0] === 1n ? "one" : "two", "the owner");
  },

  "a renewal keeps contenders away who have not seen it": async ({ store, other }) => {
    const epoch = await own(store);
    const seen = await other.ownership();
    expectEqual(await store.renew({ epoch }), "applied", "the renewal");
    const { renewals } = await other.ownership();
    expectEqual(renewals, seen.renewals + 1n, "renewals");
    expectEqual(await other.acquire({ after: seen, owner: utf8("two") }), undefined, "the contender");
    expectEqual(await store.apply([set("a", "1")], { epoch }), "applied", "the owner");
    const late = await other.acquire({ after: await other.ownership(), owner: utf8("two") });
    expectEqual(late, epoch + 1n, "the contender that looked again");
  },

  "rows and ownership are apart": async ({ store }) => {
    const epoch = await own(store);
    await store.renew({ epoch });
    expectEqual(await rows(store), [], "no rows");
    await store.apply([{ kind: "clearRange", range: EVERYTHING }], { epoch });
    expectEqual((await store.ownership()).epoch, epoch, "the epoch after everything was cleared");
  },

  "a closed store is closed": async ({ store }) => {
    await store.close();
    await store.close();
    expectThat((await rejectionOf(store.snapshot())) !== undefined, "it takes no calls");
  },
};

const EVERYTHING = { begin: new Uint8Array(), end: Uint8Array.of(0xff, 0xff, 0xff) } as const;
const PAGE = { limit: 100, reverse: false } as const;

function set(key: string, value: string): StoreMutation {
  return { kind: "set", key: utf8(key), value: utf8(value) };
}

function clear(key: string): StoreMutation {
  return { kind: "clear", key: utf8(key) };
}

function clearRange(begin: string, end: string): StoreMutation {
  return { kind: "clearRange", range: { begin: utf8(begin), end: utf8(end) } };
}

async function own(store: OrderedStore): Promise<bigint> {
  const epoch = await store.acquire({ after: await store.ownership(), owner: utf8("me") });
  expectThat(epoch !== undefined, "nobody else was there");
  return epoch!;
}

async function rows(store: OrderedStore): Promise<readonly string[]> {
  using snapshot = await store.snapshot();
  return rowsOf({ entries: await snapshot.range(EVERYTHING, PAGE) });
}

async function read(
  snapshot: StoreSnapshot,
  ...keys: readonly string[]
): Promise<readonly (string | undefined)[]> {
  return (await snapshot.getMany(keys.map(utf8))).map(textOf);
}
