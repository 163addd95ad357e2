import { toHex } from "@smallpond/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ChainTableId, ClientId, InodeId } from "../../../src/ids.ts";
import type { Entry, Inode } from "../../../src/meta/model/inode.ts";
import { NAMESPACE_OPERATIONS } from "../../../src/meta/ops/index.ts";
import { entryRow, inodeRow } from "../../../src/meta/rows/inode-row.ts";
import { entryKey, inodeKey, requestKey } from "../../../src/meta/rows/keys.ts";
import { type QuotaLimits, quotaRow } from "../../../src/meta/rows/quota-row.ts";
import { type RequestRecord, requestRow } from "../../../src/meta/rows/request-row.ts";
import { type Codec, decode, encode } from "../../../src/wire/codec/index.ts";

const u16 = fc.nat({ max: 0xffff });
const u32 = fc.nat({ max: 0xffff_ffff });
const ns = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const id = fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }) as fc.Arbitrary<InodeId>;
const table = fc.integer({ min: 1, max: 0xffff_ffff }) as fc.Arbitrary<ChainTableId>;
const wellFormed = (maxLength: number) => fc.string({ unit: "grapheme", maxLength });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const common = {
  id,
  mode: u16,
  uid: u32,
  gid: u32,
  nlink: u32,
  atimeNs: ns,
  mtimeNs: ns,
  ctimeNs: ns,
  birthNs: ns,
  flags: u32,
  quota: u32,
};
const layout = fc.record({
  kind: fc.constant("replicated" as const),
  table,
  tableVersion: u32,
  chunkBytes: u32,
  stripe: u16,
  seed: u32,
});
const client = fc.stringMatching(/^[0-9a-f]{32}$/) as fc.Arbitrary<ClientId>;

const inode: fc.Arbitrary<Inode> = fc.oneof(
  fc.record({
    ...common,
    kind: fc.constant("file" as const),
    length: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    truncateVersion: u32,
    dataVersion: u32,
    layout,
    inline: fc.boolean(),
    written: fc.boolean(),
    truncating: fc.boolean(),
  }),
  fc.record({
    ...common,
    kind: fc.constant("directory" as const),
    parent: id,
    layout: fc.record({ table: maybe(table), chunkBytes: maybe(u32), stripe: maybe(u16) }),
    lock: maybe(fc.record({ client, uid: u32, owner: wellFormed(20) })),
  }),
  fc.record({ ...common, kind: fc.constant("symlink" as const), target: wellFormed(100) }),
  fc.record({
    ...common,
    kind: fc.constantFrom("fifo" as const, "socket" as const, "character" as const, "block" as const),
    rdev: u32,
  }),
);

const record: fc.Arbitrary<RequestRecord> = fc.oneof(
  fc.record({ kind: fc.constant("answer" as const), bytes: fc.uint8Array({ maxLength: 100 }) }),
  fc.record({
    kind: fc.constant("error" as const),
    code: fc.constant("EPERM"),
    operation: wellFormed(10),
    subject: wellFormed(50),
    message: wellFormed(50),
  }),
);

const entry: fc.Arbitrary<Entry> = fc.record({
  inode: id,
  kind: fc.constantFrom("file", "directory", "symlink", "fifo", "socket", "character", "block"),
});

const quota: fc.Arbitrary<QuotaLimits> = fc.record({
  bytesMax: maybe(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  inodesMax: maybe(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
});

function keeps<T>(name: string, codec: Codec<T>, values: fc.Arbitrary<T>): void {
  describe(name, () => {
    test("reads what it wrote", () => {
      fc.assert(
        fc.property(values, (value) => {
          expect(decode(codec, encode(codec, value))).toEqual(value);
        }),
      );
    });

    test("refuses or reads any bytes, and what it reads is written as the same bytes", () => {
      const damaged = fc
        .tuple(values, fc.nat(), fc.nat({ max: 255 }))
        .map(([value, at, byte]) => encode(codec, value).with(at % encode(codec, value).length, byte));
      fc.assert(
        fc.property(damaged, (bytes) => {
          let value: T;
          try {
            value = decode(codec, bytes);
          } catch (error) {
            expect(error).toMatchObject({ code: "BAD_MESSAGE" });
            return;
          }
          expect(encode(codec, value)).toEqual(bytes);
        }),
      );
    });
  });
}

keeps("inode rows", inodeRow, inode);
keeps("entry rows", entryRow, entry);
keeps("request rows", requestRow, record);
keeps("quota rows", quotaRow, quota);

const COMMON = {
  id: 5n as InodeId,
  mode: 0o644,
  uid: 1000,
  gid: 100,
  nlink: 1,
  atimeNs: 1n,
  mtimeNs: 2n,
  ctimeNs: 3n,
  birthNs: -1n,
  flags: 0,
  quota: 7,
};

describe("rows on disk stay as they are", () => {
  const commonHex =
    "0500000000000000" + // id
    "a401" + // mode
    "e8030000640000000100000001000000000000000200000000000000" + // uid, gid, nlink, atime, mtime
    "0300000000000000ffffffffffffffff" + // ctime, birth
    "0000000007000000"; // flags, quota

  test("files", () => {
    const file: Inode = {
      ...COMMON,
      kind: "file",
      length: 4096n,
      truncateVersion: 1,
      dataVersion: 2,
      layout: {
        kind: "replicated",
        table: 1 as ChainTableId,
        tableVersion: 3,
        chunkBytes: 2 ** 20,
        stripe: 16,
        seed: 0xdead_beef,
      },
      inline: false,
      written: true,
      truncating: false,
    };
    expect(toHex(encode(inodeRow, file))).toBe(
      `0101${commonHex}0010000000000000010000000200000001010000000300000000001000` + "1000efbeadde000100",
    );
  });

  test("directories, links and devices", () => {
    const directory: Inode = {
      ...COMMON,
      kind: "directory",
      parent: 1n as InodeId,
      layout: { table: undefined, chunkBytes: 65_536, stripe: undefined },
      lock: { client: "0f".repeat(16) as ClientId, uid: 5, owner: "me" },
    };
    expect(toHex(encode(inodeRow, directory))).toBe(
      `0102${commonHex}01000000000000000001000001000001${"0f".repeat(16)}05000000026d65`,
    );
    const symlink: Inode = { ...COMMON, kind: "symlink", target: "é" };
    expect(toHex(encode(inodeRow, symlink))).toBe(`0103${commonHex}02c3a9`);
    const device: Inode = { ...COMMON, kind: "block", rdev: 0x0801 };
    expect(toHex(encode(inodeRow, device))).toBe(`0107${commonHex}01080000`);
  });

  test("entries, records, limits, and keys", () => {
    expect(toHex(encode(entryRow, { inode: 5n as InodeId, kind: "symlink" }))).toBe("01050000000000000002");
    expect(toHex(encode(requestRow, { kind: "answer", bytes: Uint8Array.of(9) }))).toBe("01010109");
    expect(toHex(encode(quotaRow, { bytesMax: 1n, inodesMax: undefined }))).toBe("0101010000000000000000");
    expect(toHex(inodeKey(5n as InodeId))).toBe("494e4f440000000000000005");
    expect(toHex(entryKey(5n as InodeId, "a"))).toBe("44454e54000000000000000561");
    const request = requestKey(2, "11".repeat(16) as ClientId, "22".repeat(16) as never);
    expect(toHex(request)).toBe(`4944454d00000002${"11".repeat(16)}${"22".repeat(16)}`);
  });
});

describe.each(NAMESPACE_OPERATIONS.map(({ method }) => [method.name, method] as const))("%s", (_, method) => {
  test.each(["question", "answer"] as const)("any bytes are no %s, or one that is written so", (side) => {
    const codec = method[side] as Codec<unknown>;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200, size: "max" }), (bytes) => {
        let value: unknown;
        try {
          value = decode(codec, bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: "BAD_MESSAGE" });
          return;
        }
        expect(encode(codec, value)).toEqual(bytes);
      }),
    );
  });
});

test("every operation has a number of its own, which stays", () => {
  const numbers = NAMESPACE_OPERATIONS.map(({ method }) => [method.id - 0x300, method.name] as const);
  expect([...numbers].sort(([a], [b]) => a - b)).toEqual([
    [1, "meta.lookup"],
    [2, "meta.stat"],
    [3, "meta.batchStat"],
    [4, "meta.statPath"],
    [5, "meta.create"],
    [6, "meta.tmpfile"],
    [7, "meta.mkdirs"],
    [8, "meta.symlink"],
    [9, "meta.link"],
    [10, "meta.unlink"],
    [11, "meta.rmdir"],
    [12, "meta.removeTree"],
    [13, "meta.rename"],
    [14, "meta.readdir"],
    [15, "meta.setattr"],
    [16, "meta.statfs"],
    [17, "meta.setLayout"],
    [18, "meta.lockDirectory"],
    [19, "meta.getXattr"],
    [20, "meta.listXattrs"],
    [21, "meta.setXattr"],
    [22, "meta.removeXattr"],
    [23, "meta.writeFile"],
    [24, "meta.readInline"],
  ]);
});
