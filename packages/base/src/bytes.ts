/** Byte arithmetic: hex, comparison, little-endian integers, and sizes as people write them. */
import { assert, assertSafeInteger } from "./assert.ts";
import { PondError } from "./errors.ts";

const HEX_CODES: readonly number[] = Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));
/** Digits that are put together at once; joined one by one they are a chain of strings. */
const HEX_PIECE_BYTES = 1024;

/** Lower-case hex, two digits per byte. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += HEX_PIECE_BYTES) {
    const codes: number[] = [];
    const end = Math.min(bytes.length, at + HEX_PIECE_BYTES);
    for (let index = at; index < end; index++) {
      const byte = bytes[index]!;
      codes.push(HEX_CODES[byte >> 4]!, HEX_CODES[byte & 15]!);
    }
    text += String.fromCharCode(...codes);
  }
  return text;
}

/** The bytes of an even number of hex digits in either case; throws `BAD_HEX`. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    throw new PondError("BAD_HEX", {
      kind: "invalid",
      message: `${JSON.stringify(text)} is not an even number of hexadecimal digits`,
      details: { text },
    });
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = (digit(text, index * 2) << 4) | digit(text, index * 2 + 1);
  }
  return bytes;
}

/** Of a character that is known to be one of 0-9, a-f and A-F. */
function digit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x57;
}

/** Same length and same bytes. Not constant-time: never compare secrets with it. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

/** One new array holding the parts in order. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Reads an unsigned 32-bit little-endian integer. */
export function getU32(bytes: Uint8Array, offset: number): number {
  assertRange(bytes, offset, 4);
  const low = bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16);
  return (low | (bytes[offset + 3]! << 24)) >>> 0;
}

/** Writes an unsigned 32-bit little-endian integer. */
export function putU32(bytes: Uint8Array, offset: number, value: number): void {
  assertRange(bytes, offset, 4);
  assert(Number.isInteger(value), `u32 must be an integer, got ${value}`);
  assert(value >= 0 && value <= 0xffff_ffff, `u32 out of range: ${value}`);
  bytes[offset] = value & 0xff;
  bytes[offset + 1] = (value >>> 8) & 0xff;
  bytes[offset + 2] = (value >>> 16) & 0xff;
  bytes[offset + 3] = value >>> 24;
}

/** Reads an unsigned 64-bit little-endian integer. */
export function getU64(bytes: Uint8Array, offset: number): bigint {
  assertRange(bytes, offset, 8);
  return (BigInt(getU32(bytes, offset + 4)) << 32n) | BigInt(getU32(bytes, offset));
}

/** Writes an unsigned 64-bit little-endian integer. */
export function putU64(bytes: Uint8Array, offset: number, value: bigint): void {
  assertRange(bytes, offset, 8);
  assert(value >= 0n && value <= 0xffff_ffff_ffff_ffffn, `u64 out of range: ${value}`);
  putU32(bytes, offset, Number(value & 0xffff_ffffn));
  putU32(bytes, offset + 4, Number(value >> 32n));
}

const BINARY_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** A size for people: three significant digits in binary units, such as `1.50 GiB`. Whole below 1 KiB. */
export function formatBytes(bytes: number): string {
  assert(Number.isFinite(bytes) && bytes >= 0, `a size must be a number of bytes, got ${bytes}`);
  let value = bytes;
  let unit = 0;
  // 1023.5 would round to "1024 KiB": step up a unit early instead.
  while (value >= (unit === 0 ? 1024 : 1023.5) && unit < BINARY_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  if (unit === 0) return `${Math.round(value)} B`;
  const decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(decimals)} ${BINARY_UNITS[unit]}`;
}

const UNIT_BYTES: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/**
 * A number of bytes from `"2GiB"`, `"500 MB"`, `"4096"` or a number, rounded to a whole byte; throws `BAD_SIZE`.
 *
 * KiB, MiB, GiB, TiB are powers of 1024 and kB, MB, GB, TB powers of 1000, in any case. A bare `G` is refused
 * because tools disagree about which of the two it means.
 */
export function parseBytes(size: string | number): number {
  const bytes = typeof size === "number" ? size : parseSizeText(size);
  if (bytes !== undefined && Number.isSafeInteger(bytes) && bytes >= 0) return bytes;
  throw new PondError("BAD_SIZE", {
    kind: "invalid",
    message: `${JSON.stringify(size)} is not a size in bytes`,
    details: { size },
    hint: 'write a number with a unit, such as "2GiB", "500MB" or "4096"',
  });
}

function parseSizeText(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text);
  const unit = UNIT_BYTES[match?.[2]?.toLowerCase() ?? "?"];
  return match === null || unit === undefined ? undefined : Math.round(Number(match[1]) * unit);
}

function assertRange(bytes: Uint8Array, offset: number, length: number): void {
  assertSafeInteger(offset, "offset");
  assert(offset >= 0 && offset + length <= bytes.length, `${length} bytes at ${offset} of ${bytes.length}`);
}
