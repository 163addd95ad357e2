/**
 * DuckDB's BIGNUM: a 3-byte header (sign bit and byte count) and the magnitude, most significant byte first. Negative
 * numbers have all bytes inverted, header included, so that comparing bytes compares numbers.
 */

export function bignumOfBytes(bytes: Uint8Array): bigint {
  const negative = (bytes[0]! & 0x80) === 0;
  let hex = "";
  for (let index = 3; index < bytes.length; index++) {
    const byte = negative ? bytes[index]! ^ 0xff : bytes[index]!;
    hex += byte.toString(16).padStart(2, "0");
  }
  const magnitude = hex === "" ? 0n : BigInt(`0x${hex}`);
  return negative ? -magnitude : magnitude;
}

export function bytesOfBignum(value: bigint): Uint8Array {
  const negative = value < 0n;
  let hex = (negative ? -value : value).toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  const count = hex.length / 2;
  if (count >= 2 ** 23) throw new RangeError("a BIGNUM has at most 8,388,607 bytes");
  const bytes = new Uint8Array(3 + count);
  bytes[0] = 0x80 | (count >> 16);
  bytes[1] = (count >> 8) & 0xff;
  bytes[2] = count & 0xff;
  for (let index = 0; index < count; index++) {
    bytes[3 + index] = Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16);
  }
  return negative ? bytes.map((byte) => byte ^ 0xff) : bytes;
}
