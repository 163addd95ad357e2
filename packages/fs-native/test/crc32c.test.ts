import { SeededRandom } from "@smallpond/base";
import { type Crc32c, JAVASCRIPT_CRC32C, newCrc32c } from "@smallpond/fs-native";
import { expect, test } from "vitest";
import { coreAddon } from "../src/platform/core-addon.ts";
import { startChild } from "./child.ts";
import { LENGTHS, sumsOf } from "./crc32c-sums.ts";

const IMPLEMENTATIONS: readonly Crc32c[] = [JAVASCRIPT_CRC32C, newCrc32c()];

/** The definition, a bit at a time. */
function bitByBit(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

const random = new SeededRandom(5);

test.each(IMPLEMENTATIONS)("known values (RFC 3720 B.4): $implementation", (crc) => {
  expect(crc.of(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
  expect(crc.of(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc.of(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc.of(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  expect(crc.of(new Uint8Array(0))).toBe(0);
});

test.each(IMPLEMENTATIONS)(
  "every length, at every alignment, as the definition says: $implementation",
  (crc) => {
    const bytes = random.bytes(4_096);
    for (let start = 0; start < 9; start++) {
      for (const length of LENGTHS) {
        const piece = bytes.subarray(start, start + length);
        expect(crc.of(piece)).toBe(bitByBit(piece));
      }
    }
  },
);

test.each(IMPLEMENTATIONS)("continued and combined, pieces give the whole: $implementation", (crc) => {
  for (let round = 0; round < 200; round++) {
    const bytes = random.bytes(random.int(60_000));
    const cut = random.int(bytes.length + 1);
    const first = bytes.subarray(0, cut);
    const second = bytes.subarray(cut);
    const whole = crc.of(bytes);
    expect(crc.of(second, crc.of(first))).toBe(whole);
    expect(crc.combine(crc.of(first), crc.of(second), second.length)).toBe(whole);
  }
});

test("implementations agree on large buffers and on on shifts by lengths beyond 32 bits", () => {
  const [javascript, other] = IMPLEMENTATIONS as [Crc32c, Crc32c];
  const bytes = random.bytes(1_000_003);
  expect(other.of(bytes)).toBe(javascript.of(bytes));
  for (const length of [2 ** 31, 2 ** 32 + 5, 2 ** 45 + 1]) {
    expect(other.combine(1, 2, length)).toBe(javascript.combine(1, 2, length));
  }
});

test.each(IMPLEMENTATIONS)(
  "piece by piece and joined, with and without something before: $implementation",
  (crc) => {
    for (const [length, pieceBytes] of [
      [0, 16],
      [5, 16],
      [64, 16],
      [40_000, 4_096],
      [40_960, 4_096],
    ] as const) {
      const bytes = random.bytes(length);
      const sums = new Uint32Array(Math.ceil(length / pieceBytes) + 1).fill(7);
      crc.each(bytes, pieceBytes, sums);
      expect(sums.at(-1)).toBe(7);
      for (let at = 0; at < length; at += pieceBytes) {
        expect(sums[at / pieceBytes]).toBe(crc.of(bytes.subarray(at, at + pieceBytes)));
      }
      const full = Math.floor(length / pieceBytes);
      const whole = crc.of(bytes.subarray(0, full * pieceBytes), 12_345);
      expect(crc.join(12_345, sums.subarray(0, full), pieceBytes)).toBe(whole);
    }
    expect(crc.join(0, new Uint32Array(0), 4_096)).toBe(0);
  },
);

/** Each process takes the best there is for its CPU: the others are what other CPUs take. */
test.skipIf(coreAddon().kind === "missing").each(process.arch === "x64" ? ["sse4.2", "table"] : ["table"])(
  "what a CPU takes that can do no more than %s",
  async (name) => {
    const script = new URL("./crc32c-child.ts", import.meta.url);
    const child = startChild(script, [], { variables: { POND_CRC32C: name } });
    expect(JSON.parse(await child.line)).toEqual([name, ...sumsOf(JAVASCRIPT_CRC32C)]);
    expect(await child.ended).toMatchObject({ code: 0, stderr: "" });
  },
);

const BEST = newCrc32c().implementation;
test.skipIf(BEST !== "avx512")(
  `what a CPU takes that can fold 512 bits at a time (this one: ${BEST})`,
  () => {
    expect(sumsOf(newCrc32c())).toEqual(sumsOf(JAVASCRIPT_CRC32C));
  },
);
