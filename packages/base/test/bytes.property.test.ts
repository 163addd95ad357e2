import { fc, test } from "@fast-check/vitest";
import {
  concatBytes,
  equalBytes,
  formatBytes,
  fromHex,
  getU32,
  getU64,
  parseBytes,
  putU32,
  putU64,
  toHex,
} from "@smallpond/base";
import { expect } from "vitest";

const someBytes = fc.uint8Array({ maxLength: 64 });

test.prop([someBytes])("hex agrees with Node's and comes back", (bytes) => {
  expect(toHex(bytes)).toBe(Buffer.from(bytes).toString("hex"));
  expect(fromHex(toHex(bytes))).toEqual(bytes);
  expect(fromHex(toHex(bytes).toUpperCase())).toEqual(bytes);
});

test.prop([fc.array(someBytes, { maxLength: 5 })])("concatenation is what Node's is", (parts) => {
  expect(equalBytes(concatBytes(parts), Buffer.concat(parts))).toBe(true);
});

test.prop([someBytes, someBytes])("equality is equality of contents", (a, b) => {
  expect(equalBytes(a, a.slice())).toBe(true);
  expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
});

test.prop([fc.nat({ max: 0xffff_ffff }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.nat({ max: 8 })])(
  "integers are little-endian and touch only their own bytes",
  (small, large, offset) => {
    const bytes = new Uint8Array(24).fill(0xaa);
    putU32(bytes, offset, small);
    putU64(bytes, offset + 4, large);
    const view = new DataView(bytes.buffer);
    expect(view.getUint32(offset, true)).toBe(small);
    expect(view.getBigUint64(offset + 4, true)).toBe(large);
    expect([getU32(bytes, offset), getU64(bytes, offset + 4)]).toEqual([small, large]);
    expect(
      [...bytes.subarray(0, offset), ...bytes.subarray(offset + 12)].every((byte) => byte === 0xaa),
    ).toBe(true);
  },
);

test("integers out of range, and places out of bounds, are our own bug", () => {
  const bytes = new Uint8Array(8);
  for (const value of [-1, 2 ** 32, 1.5, Number.NaN]) expect(() => putU32(bytes, 0, value)).toThrow("u32");
  for (const value of [-1n, 2n ** 64n]) expect(() => putU64(bytes, 0, value)).toThrow("u64");
  for (const offset of [-1, 5, 0.5]) expect(() => getU32(bytes, offset)).toThrow();
  expect(() => fromHex("abc")).toThrow(expect.objectContaining({ code: "BAD_HEX" }));
  expect(() => fromHex("zz")).toThrow(expect.objectContaining({ code: "BAD_HEX" }));
});

test("sizes are written for people", () => {
  const written = [0, 1, 1023, 1024, 1536, 10_240, 2 ** 20 - 1, 2 ** 30, 1.5 * 2 ** 40, 2 ** 60].map(
    formatBytes,
  );
  expect(written).toEqual([
    "0 B",
    "1 B",
    "1023 B",
    "1.00 KiB",
    "1.50 KiB",
    "10.0 KiB",
    "1.00 MiB",
    "1.00 GiB",
    "1.50 TiB",
    "1024 PiB",
  ]);
});

test("sizes are read as people write them", () => {
  const read = ["2GiB", "500 MB", " 1.5kib ", "4096", "7B", "1kb", 12].map(parseBytes);
  expect(read).toEqual([2 ** 31, 500e6, 1536, 4096, 7, 1000, 12]);
});

test.each(["", "G", "4G", "-1", "1e3", "1 000", "GiB", "9999999TiB", -1, 1.5, Number.NaN])(
  "%j is not a size",
  (size) => {
    expect(() => parseBytes(size)).toThrow(expect.objectContaining({ code: "BAD_SIZE", kind: "invalid" }));
  },
);

test.prop([fc.nat({ max: Number.MAX_SAFE_INTEGER })])(
  "what is written reads back within a half percent",
  (bytes) => {
    if (bytes >= 2 ** 50) return;
    expect(Math.abs(parseBytes(formatBytes(bytes)) - bytes)).toBeLessThanOrEqual(bytes * 0.005);
  },
);
