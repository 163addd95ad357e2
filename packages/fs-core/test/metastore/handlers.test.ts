import { isPondError } from "@smallpond/base";
import { expect, test } from "vitest";
import type { RequestId } from "../../src/ids.ts";
import { keyText } from "../../src/metastore/key-text.ts";
import { type CommitBody, commitBody } from "../../src/metastore/service/messages.ts";
import { METASTORE_COMMIT, METASTORE_RANGE, METASTORE_READ } from "../../src/metastore/service/methods.ts";
import { encode } from "../../src/wire/codec/index.ts";
import { Cluster } from "./cluster.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const ID = "000102030405060708090a0b0c0d0e0f" as RequestId;

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "no error";
  } catch (error) {
    return isPondError(error) ? error.code : String(error);
  }
}

function body(changes: Partial<CommitBody>, epoch: bigint): CommitBody {
  const at = { epoch, version: 0n };
  const nothing = { readPoints: [], readRanges: [], cleared: [], writes: [], reserve: false };
  return { id: ID, resent: false, at, ...nothing, ...changes };
}

test("commits that no transaction makes are refused, and the owner lives", async () => {
  await using cluster = new Cluster();
  const [owner, other] = await cluster.pair();
  const { epoch } = await owner.store.ownership();
  const caller = other.callTo(owner);
  const own = Uint8Array.of(0xff, 1);
  const row = (key: Uint8Array, value = utf8("1")) =>
    ({ kind: "set", key, text: keyText(key), value }) as const;
  const bad: readonly (readonly [Partial<CommitBody>, string])[] = [
    [{ writes: [row(own)] }, "KEY_INVALID"],
    [{ writes: [row(new Uint8Array())] }, "KEY_INVALID"],
    [{ writes: [row(utf8("a")), row(utf8("a"))] }, "BAD_MESSAGE"],
    [{ writes: [{ ...row(utf8("a")), kind: "stamp" }] }, "BAD_MESSAGE"],
    [{ cleared: [{ begin: keyText(utf8("b")), end: keyText(utf8("a")) }] }, "BAD_MESSAGE"],
    [{ cleared: [{ begin: keyText(utf8("b")), end: keyText(Uint8Array.of(0xff, 0xff)) }] }, "BAD_MESSAGE"],
    [{ at: { epoch: 99n, version: 0n }, writes: [row(utf8("a"))] }, "TRANSACTION_TOO_OLD"],
    [{ at: { epoch, version: 99n }, writes: [row(utf8("a"))] }, "TRANSACTION_TOO_OLD"],
  ];
  for (const [changes, code] of bad) {
    const question = encode(commitBody, body(changes, epoch));
    expect(await codeOf(caller.call(METASTORE_COMMIT, question))).toBe(code);
  }
  for (const garbage of [new Uint8Array(), utf8("garbage"), new Uint8Array(1000).fill(255)]) {
    expect(await codeOf(caller.call(METASTORE_COMMIT, garbage))).toBe("BAD_MESSAGE");
  }
  expect(owner.node.isOwner).toBe(true);
  await other.node.transact(async (transaction) => transaction.set(utf8("a"), utf8("1")));
});

test("rows of the metastore's own are not read from elsewhere", async () => {
  await using cluster = new Cluster();
  const [owner, other] = await cluster.pair();
  await owner.node.transact(async (transaction) => transaction.set(utf8("a"), utf8("1")));
  const caller = other.callTo(owner);
  const read = { at: undefined, keys: [Uint8Array.of(0xff, 0x4a, 0, 0, 0, 0, 0, 0, 0, 1)], released: [] };
  expect(await codeOf(caller.call(METASTORE_READ, read))).toBe("KEY_INVALID");
  const everything = { begin: new Uint8Array(), end: Uint8Array.of(0xff, 0xff) };
  const question = { at: undefined, range: everything, limit: 100, reverse: false, released: [] };
  const { rows } = await caller.call(METASTORE_RANGE, question);
  expect(rows.map(({ key }) => new TextDecoder().decode(key))).toEqual(["a"]);
  const beyond = { ...question, range: { begin: Uint8Array.of(0xff), end: Uint8Array.of(0xff, 0xff) } };
  expect((await caller.call(METASTORE_RANGE, beyond)).rows).toEqual([]);
});

test("whoever does not own the store says so, and a snapshot that nobody holds is too old", async () => {
  await using cluster = new Cluster();
  const [owner, other] = await cluster.pair();
  const question = { at: undefined, keys: [utf8("a")], released: [] };
  expect(await codeOf(owner.callTo(other).call(METASTORE_READ, question))).toBe("NOT_OWNER");
  const { epoch } = await owner.store.ownership();
  for (const at of [
    { epoch, version: 7n },
    { epoch: epoch + 1n, version: 0n },
  ]) {
    expect(await codeOf(other.callTo(owner).call(METASTORE_READ, { ...question, at }))).toBe(
      "TRANSACTION_TOO_OLD",
    );
  }
});

test("large values come in several answers", async () => {
  await using cluster = new Cluster();
  const [owner, other] = await cluster.pair();
  const value = new Uint8Array(99_000).fill(5);
  const keys = Array.from({ length: 40 }, (_, each) => utf8(`k${`${each}`.padStart(2, "0")}`));
  await owner.node.transact(async (transaction) => {
    for (const key of keys) transaction.set(key, value);
  });
  const transaction = await other.node.begin();
  const values = await transaction.getMany(keys);
  expect(values.every((each) => each?.length === value.length)).toBe(true);
  for (const reverse of [false, true]) {
    const page = await transaction.range({ begin: utf8("k"), end: utf8("l") }, { reverse });
    const order = reverse ? keys.toReversed() : keys;
    expect(page.entries.map(({ key }) => [...key])).toEqual(order.map((key) => [...key]));
    expect(page.more).toBe(false);
  }
  transaction.cancel();
});
