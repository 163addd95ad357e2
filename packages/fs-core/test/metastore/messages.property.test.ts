import { fc, test } from "@fast-check/vitest";
import { isPondError, type NetAddress, toHex } from "@smallpond/base";
import { describe, expect, test as plainTest } from "vitest";
import type { RequestId } from "../../src/ids.ts";
import { journalMutation } from "../../src/metastore/engine/journal-rows.ts";
import { keyText } from "../../src/metastore/key-text.ts";
import { decodeOwner, encodeOwner } from "../../src/metastore/ownership/owner-record.ts";
import {
  type CommitBody,
  commitAnswer,
  commitBody,
  type RangeAnswer,
  type RangeQuestion,
  type ReadAnswer,
  type ReadQuestion,
  rangeAnswer,
  rangeQuestion,
  readAnswer,
  readQuestion,
} from "../../src/metastore/service/messages.ts";
import type { CommitOutcome } from "../../src/metastore/transaction.ts";
import { decodeOwnership, encodeOwnership } from "../../src/platform/lmdb-rows.ts";
import { type Codec, decode, encode } from "../../src/wire/codec/index.ts";

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const i64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const key = fc.uint8Array({ minLength: 1, maxLength: 20 });
const text = key.map(keyText);
const value = fc.uint8Array({ maxLength: 30 });
const point = fc.record({ epoch: u64, version: u64 });
const at = fc.option(point, { nil: undefined });
const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => toHex(bytes) as RequestId);
const textRange = fc.record({ begin: text, end: text });
const step = fc.record({ kind: fc.constantFrom("add" as const, "max" as const), operand: i64 });
const write = fc
  .oneof(
    fc.record({ kind: fc.constantFrom("set" as const, "stamp" as const), key, value }),
    fc.record({ kind: fc.constant("clear" as const), key }),
    fc.record({ kind: fc.constant("blind" as const), key, steps: fc.array(step, { maxLength: 3 }) }),
  )
  .map((each) => ({ ...each, text: keyText(each.key) }) as CommitBody["writes"][number]);

const COMMITS: fc.Arbitrary<CommitBody> = fc.record({
  id,
  resent: fc.boolean(),
  at: point,
  readPoints: fc.array(text, { maxLength: 5 }),
  readRanges: fc.array(textRange, { maxLength: 3 }),
  cleared: fc.array(textRange, { maxLength: 3 }),
  writes: fc.array(write, { maxLength: 5 }),
  reserve: fc.boolean(),
});
const READS: fc.Arbitrary<ReadQuestion> = fc.record({
  at,
  keys: fc.array(key, { maxLength: 5 }),
  released: fc.array(point, { maxLength: 3 }),
});
const READ_ANSWERS: fc.Arbitrary<ReadAnswer> = fc.record({
  at: point,
  values: fc.array(fc.option(value, { nil: undefined }), { maxLength: 5 }),
});
const RANGES: fc.Arbitrary<RangeQuestion> = fc.record({
  at,
  range: fc.record({ begin: key, end: key }),
  limit: fc.nat(),
  reverse: fc.boolean(),
  released: fc.array(point, { maxLength: 3 }),
});
const RANGE_ANSWERS: fc.Arbitrary<RangeAnswer> = fc.record({
  at: point,
  rows: fc.array(fc.record({ key, value }), { maxLength: 5 }),
  cut: fc.boolean(),
});
const OUTCOMES: fc.Arbitrary<CommitOutcome> = fc.oneof(
  fc.record({ kind: fc.constant("committed" as const), version: u64 }),
  fc.constant<CommitOutcome>({ kind: "conflict" }),
  fc.constant<CommitOutcome>({ kind: "unknown" }),
);

function holds<T>(name: string, codec: Codec<T>, values: fc.Arbitrary<T>): void {
  describe(name, () => {
    test.prop([values])("comes back as it was sent", (sent) => {
      expect(decode(codec, encode(codec, sent))).toEqual(sent);
    });

    test.prop([values, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 3 }), fc.nat()])(
      "when damaged is refused, or is another message",
      (sent, changes, cut) => {
        const damaged = encode(codec, sent);
        for (const [place, byte] of changes) damaged[place % damaged.length] = byte;
        const bytes = cut % 3 === 0 ? damaged.subarray(0, cut % (damaged.length + 1)) : damaged;
        try {
          const read = decode(codec, bytes);
          expect(encode(codec, read)).toEqual(Uint8Array.from(bytes));
        } catch (error) {
          expect(isPondError(error, "BAD_MESSAGE"), String(error)).toBe(true);
        }
      },
    );
  });
}

holds("a commit", commitBody, COMMITS);
holds("a read", readQuestion, READS);
holds("the answer to a read", readAnswer, READ_ANSWERS);
holds("a range", rangeQuestion, RANGES);
holds("the answer to a range", rangeAnswer, RANGE_ANSWERS);
holds("an outcome", commitAnswer, OUTCOMES);

const ADDRESSES: fc.Arbitrary<NetAddress> = fc.oneof(
  fc.record({ kind: fc.constant("tcp" as const), host: fc.domain(), port: fc.nat({ max: 65_535 }) }),
  fc.record({
    kind: fc.constant("unix" as const),
    path: fc.string({ unit: "grapheme-ascii", minLength: 1 }),
  }),
);

test.prop([u64, fc.option(ADDRESSES, { nil: undefined })])(
  "an owner's record comes back",
  (incarnation, address) => {
    const record = { incarnation, address };
    expect(decodeOwner(encodeOwner(record))).toEqual(record);
  },
);

test.prop([u64, u64, fc.uint8Array({ maxLength: 50 })])(
  "an ownership comes back",
  (epoch, renewals, owner) => {
    expect(decodeOwnership(encodeOwnership({ epoch, renewals, owner }))).toEqual({ epoch, renewals, owner });
  },
);

const ID = "000102030405060708090a0b0c0d0e0f" as RequestId;
const A = new TextEncoder().encode("a");
const B = new TextEncoder().encode("b");

plainTest("bytes of messages and rows stay what they are", () => {
  const commit: CommitBody = {
    id: ID,
    resent: true,
    at: { epoch: 2n, version: 3n },
    readPoints: [keyText(A)],
    readRanges: [{ begin: keyText(A), end: keyText(B) }],
    cleared: [{ begin: keyText(B), end: keyText(A) }],
    writes: [
      { kind: "set", key: A, text: keyText(A), value: B },
      { kind: "stamp", key: A, text: keyText(A), value: new Uint8Array(8) },
      { kind: "clear", key: B, text: keyText(B) },
      {
        kind: "blind",
        key: B,
        text: keyText(B),
        steps: [
          { kind: "add", operand: -1n },
          { kind: "max", operand: 7n },
        ],
      },
    ],
    reserve: true,
  };
  const point3 = { epoch: 2n, version: 3n };
  const journal = journalMutation({ version: 9n, epoch: 2n, commits: [{ id: ID, version: 7n }] });
  const golden = {
    commit: toHex(encode(commitBody, commit)),
    read: toHex(encode(readQuestion, { at: point3, keys: [A, B], released: [point3] })),
    latest: toHex(encode(readQuestion, { at: undefined, keys: [], released: [] })),
    values: toHex(encode(readAnswer, { at: point3, values: [A, undefined] })),
    range: toHex(
      encode(rangeQuestion, {
        at: undefined,
        range: { begin: A, end: B },
        limit: 300,
        reverse: true,
        released: [],
      }),
    ),
    rows: toHex(encode(rangeAnswer, { at: point3, rows: [{ key: A, value: B }], cut: true })),
    committed: toHex(encode(commitAnswer, { kind: "committed", version: 258n })),
    conflict: toHex(encode(commitAnswer, { kind: "conflict" })),
    unknown: toHex(encode(commitAnswer, { kind: "unknown" })),
    journal: journal.kind === "set" ? `${toHex(journal.key)} ${toHex(journal.value)}` : "",
    owner: toHex(encodeOwner({ incarnation: 5n, address: { kind: "tcp", host: "h", port: 258 } })),
    ownership: toHex(encodeOwnership({ epoch: 1n, renewals: 2n, owner: A })),
  };
  expect(golden).toMatchInlineSnapshot(`
    {
      "commit": "000102030405060708090a0b0c0d0e0f0102000000000000000300000000000000010161010161016201016201610401016101620201610800000000000000000301620401620200ffffffffffffffff01070000000000000001",
      "committed": "010201000000000000",
      "conflict": "02",
      "journal": "ff4a0000000000000009 01020000000000000001000102030405060708090a0b0c0d0e0f02",
      "latest": "000000",
      "owner": "010500000000000000010101680201",
      "ownership": "01010000000000000002000000000000000161",
      "range": "0001610162ac020100",
      "read": "010200000000000000030000000000000002016101620102000000000000000300000000000000",
      "rows": "02000000000000000300000000000000010161016201",
      "unknown": "03",
      "values": "020000000000000003000000000000000201016100",
    }
  `);
});
