/** Chance as a dependency: one seed replays every choice of a run. */
import { assert, assertSafeInteger } from "./assert.ts";
import { putU32, toHex } from "./bytes.ts";

export interface Random {
  /** A number in [0, 1) with 53 random bits. */
  next(): number;
  /** 64 random bits. */
  u64(): bigint;
  /** An unbiased integer in [0, boundExclusive); the bound is a safe integer of at least 1. */
  int(boundExclusive: number): number;
  /** `count` new random bytes, owned by the caller. */
  bytes(count: number): Uint8Array;
  /** A version 4 UUID with dashes, in lower case. */
  uuid(): string;
  /**
   * An independent generator. From a seeded one the result depends on the seed and the label alone, never on how
   * much was drawn before: one more draw in one component does not change what another sees. The same label gives
   * the same stream, so number the labels of siblings.
   */
  fork(label: string): Random;
}

const TWO_32 = 2 ** 32;
const TWO_53 = 2 ** 53;
const MASK_64 = 0xffff_ffff_ffff_ffffn;

/** The methods every generator has once it can produce 32 random bits. */
export abstract class Random32 implements Random {
  /** 32 random bits as an unsigned integer. */
  abstract u32(): number;
  abstract fork(label: string): Random;

  next(): number {
    return this.#bits53() / TWO_53;
  }

  u64(): bigint {
    const high = BigInt(this.u32());
    return (high << 32n) | BigInt(this.u32());
  }

  int(boundExclusive: number): number {
    assertSafeInteger(boundExclusive, "bound");
    assert(boundExclusive >= 1, `bound must be at least 1, got ${boundExclusive}`);
    // Draws from the incomplete last range are thrown away; keeping them would favour small results.
    const small = boundExclusive <= TWO_32;
    const range = small ? TWO_32 : TWO_53;
    const limit = range - (range % boundExclusive);
    for (;;) {
      const draw = small ? this.u32() : this.#bits53();
      if (draw < limit) return draw % boundExclusive;
    }
  }

  bytes(count: number): Uint8Array {
    assertSafeInteger(count, "count");
    const padded = new Uint8Array(Math.ceil(count / 4) * 4);
    for (let offset = 0; offset < padded.length; offset += 4) putU32(padded, offset, this.u32());
    return padded.slice(0, count);
  }

  uuid(): string {
    return uuidFromBytes(this.bytes(16));
  }

  #bits53(): number {
    const high = this.u32() >>> 5;
    return high * 2 ** 26 + (this.u32() >>> 6);
  }
}

/**
 * A repeatable generator: xoshiro128** 1.1 (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators",
 * ACM TOMS 47, 2021; https://prng.di.unimi.it/xoshiro128starstar.c), its state filled by SplitMix64
 * (https://prng.di.unimi.it/splitmix64.c). Not for secrets.
 */
export class SeededRandom extends Random32 {
  readonly #seed: bigint;
  readonly #draw: () => number;

  /** A text is hashed to 64 bits; a number must be a safe integer; a bigint keeps its low 64 bits. */
  constructor(seed: bigint | number | string) {
    super();
    this.#seed = seedBits(seed);
    const fill = splitMix64(this.#seed);
    const first = fill();
    const second = fill();
    this.#draw = xoshiro128starstar([low32(first), high32(first), low32(second), high32(second)]);
  }

  u32(): number {
    return this.#draw();
  }

  fork(label: string): SeededRandom {
    return new SeededRandom(fnv1a64(label, splitMix64(this.#seed ^ MASK_64)()));
  }
}

/** xoshiro128** over a state of four 32-bit words, not all zero. */
export function xoshiro128starstar(state: readonly [number, number, number, number]): () => number {
  let [a, b, c, d] = state;
  assert((a | b | c | d) !== 0, "the state of xoshiro128** must not be all zero");
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return result;
  };
}

/** SplitMix64: successive well-mixed 64-bit values from any seed. */
export function splitMix64(seed: bigint): () => bigint {
  let state = seed & MASK_64;
  return () => {
    state = (state + 0x9e37_79b9_7f4a_7c15n) & MASK_64;
    let mixed = state;
    mixed = ((mixed ^ (mixed >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & MASK_64;
    mixed = ((mixed ^ (mixed >> 27n)) * 0x94d0_49bb_1331_11ebn) & MASK_64;
    return mixed ^ (mixed >> 31n);
  };
}

/** Writes 16 random bytes as a version 4 UUID (RFC 9562). The bytes are not changed. */
export function uuidFromBytes(bytes: Uint8Array): string {
  assert(bytes.length === 16, `a UUID has 16 bytes, got ${bytes.length}`);
  const marked = bytes.slice();
  marked[6] = (marked[6]! & 0x0f) | 0x40;
  marked[8] = (marked[8]! & 0x3f) | 0x80;
  const hex = toHex(marked);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function seedBits(seed: bigint | number | string): bigint {
  if (typeof seed === "string") return fnv1a64(seed, 0n);
  if (typeof seed === "number") assertSafeInteger(seed, "seed");
  return BigInt(seed) & MASK_64;
}

/** FNV-1a over the text's UTF-8 bytes, started from `salt`: spreads labels apart, and SplitMix64 mixes the rest. */
function fnv1a64(text: string, salt: bigint): bigint {
  let hash = 0xcbf2_9ce4_8422_2325n ^ salt;
  for (const byte of new TextEncoder().encode(text)) {
    hash = ((hash ^ BigInt(byte)) * 0x100_0000_01b3n) & MASK_64;
  }
  return hash;
}

function rotateLeft(word: number, count: number): number {
  return (word << count) | (word >>> (32 - count));
}

function low32(word: bigint): number {
  return Number(word & 0xffff_ffffn);
}

function high32(word: bigint): number {
  return Number(word >> 32n);
}
