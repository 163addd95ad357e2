/** What is on disk, byte for byte: whoever changes one of these has to change a format's version. */
import { fromHex, toHex } from "@smallpond/base";
import { JAVASCRIPT_CRC32C as crc } from "@smallpond/fs-native";
import { describe, expect, test } from "vitest";
import type { ChainVersion, RequestId, SessionId } from "../../src/ids.ts";
import { blockId } from "../../src/storage/blocks/block-id.ts";
import { encodeManifest } from "../../src/storage/checkpoint/manifest.ts";
import { chunkAt, keyAt, packKey, putRecord, RECORD_WORDS } from "../../src/storage/index/packed.ts";
import { FRAME_ALIGN, makeFrame, readFrame } from "../../src/storage/journal/frame.ts";
import { type StoreRecord, storeRecord } from "../../src/storage/journal/records.ts";
import { makeSegmentHead, readSegmentHead, segmentName } from "../../src/storage/journal/segment.ts";
import { NO_BLOCK } from "../../src/storage/model/chunk.ts";
import { encodeBootMark } from "../../src/storage/target/boot-mark.ts";
import { decodeSuperblock, encodeSuperblock } from "../../src/storage/target/superblock.ts";
import { decode, encode } from "../../src/wire/codec/index.ts";
import { keyOf } from "./helpers.ts";

const SALT = 0x0102_0304_0506_0708n;
const session = "0123456789abcdef0123456789abcdef" as SessionId;
const request = "fedcba9876543210fedcba9876543210" as RequestId;
const dedupe = { session, channel: 513, sequence: 300, request, result: Uint8Array.of(9, 8) };
const key = keyOf(5, 0x1122_3344n, 2);
const chainVersion = 7 as ChainVersion;
const block = blockId(20, 0x0a0b);
const sums = Uint32Array.of(0xaabb_ccdd, 1);
const image = { page: 3, bytes: new Uint8Array(4096).fill(0x5a) };

const RECORDS: readonly (readonly [StoreRecord, string])[] = [
  [
    {
      kind: "prepare-block",
      key,
      version: 300,
      dedupe,
      length: 5000,
      crc: 0xdead_beef,
      block,
      sums,
      replaces: true,
    },
    "0144332211000000000200000005000000ac02010123456789abcdef0123456789abcdef0102ac02fedcba9876543210fedcba98765432100209088827efbeadde140b0a000002ddccbbaa0100000001",
  ],
  [
    {
      kind: "prepare-patch",
      key,
      version: 2,
      dedupe: undefined,
      length: 5000,
      crc: 1,
      block,
      firstPage: 3,
      sums,
      images: [image],
    },
    "02443322110000000002000000050000000200882701000000140b0a00000302ddccbbaa01000000010300<page>",
  ],
  [
    { kind: "prepare-remove", key, version: 2, dedupe: undefined },
    "034433221100000000020000000500000002<1 zeros>",
  ],
  [{ kind: "commit", key, version: 2, chainVersion }, "04443322110000000002000000050000000207<3 zeros>"],
  [
    {
      kind: "put",
      key,
      version: 2,
      chainVersion,
      length: 0,
      crc: 0,
      block: NO_BLOCK,
      sums: new Uint32Array(0),
    },
    "05443322110000000002000000050000000207<10 zeros>",
  ],
  [
    { kind: "move", key, version: 2, block, sums },
    "064433221100000000020000000500000002140b0a000002ddccbbaa01<3 zeros>",
  ],
  [{ kind: "discard", key, version: 2 }, "074433221100000000020000000500000002"],
  [
    { kind: "remove-many", file: { inode: key.inode, dataVersion: 2 }, chunks: [1, 0xffff_ffff] },
    "084433221100000000020000000201000000ffffffff",
  ],
  [
    { kind: "remember", ...dedupe },
    "090123456789abcdef0123456789abcdef0102ac02fedcba9876543210fedcba9876543210020908",
  ],
  [{ kind: "forget-session", session }, "0a0123456789abcdef0123456789abcdef"],
  [
    { kind: "revoke", sessions: [session], untilMs: 1_767_225_600_000 },
    "0c010123456789abcdef0123456789abcdef000080aa6db77942",
  ],
  [
    { kind: "truncated", file: { inode: key.inode, dataVersion: 3 }, truncateVersion: 4 },
    "0d44332211000000000300000004<3 zeros>",
  ],
  [{ kind: "reset-notes" }, "0e"],
  [{ kind: "redo", key, block, images: [image] }, "0b44332211000000000200000005000000140b0a0000010300<page>"],
];

/** Long runs of the same page are told by their length. */
function short(bytes: Uint8Array): string {
  return toHex(bytes)
    .replace("5a".repeat(4096), "<page>")
    .replace(/(00)+$/, (zeros) => `<${zeros.length / 2} zeros>`);
}

describe("records of the journal", () => {
  test.each(RECORDS)("$kind", (record, expected) => {
    const bytes = encode(storeRecord, record);
    expect(short(bytes)).toBe(expected);
    expect(decode(storeRecord, bytes)).toEqual(record);
  });

  test("what no record is is refused", () => {
    const commit = encode(storeRecord, { kind: "commit", key, version: 2, chainVersion });
    for (let end = 0; end < commit.length; end++) {
      expect(() => decode(storeRecord, commit.subarray(0, end))).toThrow(/no message of ours/);
    }
    expect(() => decode(storeRecord, fromHex("0c"))).toThrow(/no message of ours/);
  });
});

test("a frame", () => {
  const frame = makeFrame(crc, Uint8Array.of(1, 2, 3), { batch: 9n, salt: SALT });
  expect(short(frame)).toBe(
    "50434a3103000000090000000000000008070605040302011ef230f190c9646b010203<4061 zeros>",
  );
  expect(readFrame(crc, frame, 0, SALT)).toEqual({
    batch: 9n,
    payload: Uint8Array.of(1, 2, 3),
    bytes: FRAME_ALIGN,
  });
  for (let at = 0; at < 35; at++) {
    const damaged = frame.slice();
    damaged[at]! ^= 0x10;
    expect(readFrame(crc, damaged, 0, SALT), `byte ${at}`).toBeUndefined();
  }
});

test("the head of a segment", () => {
  const head = { target: 3, segment: 300, firstBatch: 70_000n };
  const bytes = makeSegmentHead(crc, head, SALT);
  expect(short(bytes)).toBe(
    "50434a310f00000000000000000000000807060504030201b63929ac9b2092730103000000ac02701101<4054 zeros>",
  );
  expect(readSegmentHead(crc, bytes, SALT)).toEqual(head);
  expect(segmentName(300)).toBe("000000000300.journal");
});

test("a manifest", () => {
  const manifest = {
    checkpoint: 4,
    firstSegment: 9,
    firstBatch: 77n,
    chunks: 1000,
    shards: [
      { kind: "index", frames: 3 },
      { kind: "records", frames: 1 },
    ],
  } as const;
  expect(short(encodeManifest(crc, manifest, SALT))).toBe(
    "50434a3112000000040000000000000008070605040302010f87149f0868bda40104094d00000000000000e8070200030101<4046 zeros>",
  );
});

test("the superblock", () => {
  const superblock = { cluster: "c1", target: 5, generation: SALT };
  const bytes = encodeSuperblock(crc, superblock);
  expect(short(bytes)).toBe(
    "50434a31100000000000000000000000000000000000000015d8fa01c94eee6601026331050000000807060504030201<4048 zeros>",
  );
  expect(decodeSuperblock(crc, bytes, "/t/superblock")).toEqual(superblock);
});

test("the mark of a boot", () => {
  const mark = { bootId: "b", isReplicated: true, isClosed: false, isComplete: true };
  expect(short(encodeBootMark(crc, mark, SALT))).toBe(
    "50434a310600000000000000000000000807060504030201af01c514f5cc21f2010162010001<4058 zeros>",
  );
});

test("a chunk as it is packed", () => {
  const words = new Uint32Array(RECORD_WORDS);
  const chunk = { version: 2 ** 40 + 3, chainVersion, length: 5000, crc: 0xdead_beef, block };
  putRecord(words, 0, packKey(keyOf(5, 0x1_0000_0002n, 2)), chunk);
  expect([...words]).toEqual([1, 2, 2, 5, 3, 256, 7, 5000, 0xdead_beef, 0x0a0b, 20]);
  expect(keyAt(words, 0)).toEqual(keyOf(5, 0x1_0000_0002n, 2));
  expect(chunkAt(words, 0)).toEqual(chunk);
});
