/** Checksums of bytes that are always the same, of many lengths and from many places on. */
import { SeededRandom } from "@smallpond/base";
import type { Crc32c } from "@smallpond/fs-native";

/** Around where one way of going through the bytes gives over to another. */
export const LENGTHS: readonly number[] = [
  ...[0, 1, 7, 8, 9, 63, 64, 255, 256, 257, 319, 320, 321, 511, 512, 575, 576, 577, 767, 768, 769],
  ...[1_000, 1_025, 4_000],
];

export function sumsOf(crc: Crc32c): readonly number[] {
  const bytes = new SeededRandom(9).bytes(100_003);
  const short = LENGTHS.flatMap((length) =>
    [0, 1, 5, 8].map((start) => crc.of(bytes.subarray(start, start + length), length)),
  );
  return [...short, crc.of(bytes), crc.of(bytes, 7)];
}
