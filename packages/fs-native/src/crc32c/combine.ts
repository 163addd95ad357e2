/**
 * Joining checksums without the bytes: appending n bytes multiplies a CRC by x^(8n) modulo the polynomial, as
 * `crc32_combine` of zlib does. Polynomials are reflected: bit 31 is x^0.
 */

const POLYNOMIAL = 0x82f63b78;

/** x^(2^n) for n below 32; the powers repeat from there on, because x^(2^32 - 1) is 1. */
const POWERS = makePowers();

export function combineByPowers(first: number, second: number, bytesOfSecond: number): number {
  return (multiply(shiftBy(bytesOfSecond), first) ^ second) >>> 0;
}

export function joinByPowers(before: number, sums: Uint32Array, pieceBytes: number): number {
  const shift = shiftBy(pieceBytes);
  let whole = before;
  for (const sum of sums) whole = multiply(shift, whole) ^ sum;
  return whole >>> 0;
}

function shiftBy(bytes: number): number {
  let product = 0x80000000 | 0;
  for (let n = 3, left = bytes; left > 0; left = Math.floor(left / 2), n++) {
    if (left % 2 === 1) product = multiply(POWERS[n & 31]!, product);
  }
  return product;
}

function multiply(a: number, b: number): number {
  let product = 0;
  let factor = b | 0;
  for (let bit = 31; bit >= 0; bit--) {
    if ((a >>> bit) & 1) product ^= factor;
    factor = (factor >>> 1) ^ (factor & 1 ? POLYNOMIAL : 0);
  }
  return product;
}

function makePowers(): Int32Array {
  const powers = new Int32Array(32);
  let power = 0x40000000;
  for (let n = 0; n < 32; n++) {
    powers[n] = power;
    power = multiply(power, power);
  }
  return powers;
}
