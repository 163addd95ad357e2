import { isPondError } from "@smallpond/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bool,
  bytes,
  type Codec,
  decode,
  encode,
  f64,
  fixedBytes,
  i64,
  list,
  optional,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
  union,
  varint,
  word,
} from "../../../src/wire/codec/index.ts";

interface Case {
  readonly name: string;
  readonly codec: Codec<unknown>;
  readonly values: fc.Arbitrary<unknown>;
}

function both<T>(name: string, codec: Codec<T>, values: fc.Arbitrary<NoInfer<T>>): Case {
  return { name, codec: codec as Codec<unknown>, values };
}

const wellFormed = fc.string({ unit: "grapheme", maxLength: 12 });
const COLOURS = ["red", "green", "blue"] as const;
const message = struct({
  id: u64,
  names: list(text(64), 5),
  colour: optional(word(COLOURS)),
  body: union({
    small: [1, struct({ count: varint })],
    raw: [2, struct({ bytes: bytes(40), check: fixedBytes(3) })],
  }),
});

const CASES: readonly Case[] = [
  both("u8", u8, fc.integer({ min: 0, max: 0xff })),
  both("u16", u16, fc.integer({ min: 0, max: 0xffff })),
  both("u32", u32, fc.integer({ min: 0, max: 0xffff_ffff })),
  both("u64", u64, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  both("i64", i64, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  both("f64", f64, fc.double()),
  both("varint", varint, fc.maxSafeNat()),
  both("bool", bool, fc.boolean()),
  both("bytes", bytes(100), fc.uint8Array({ maxLength: 100 })),
  both("text", text(400), wellFormed),
  both(
    "list",
    list(list(u16, 10), 10),
    fc.array(fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 10 }), { maxLength: 10 }),
  ),
  both(
    "message",
    message,
    fc.record({
      id: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      names: fc.array(fc.string({ maxLength: 5 }), { maxLength: 5 }),
      colour: fc.option(fc.constantFrom(...COLOURS), { nil: undefined }),
      body: fc.oneof(
        fc.record({ kind: fc.constant("small" as const), count: fc.maxSafeNat() }),
        fc.record({
          kind: fc.constant("raw" as const),
          bytes: fc.uint8Array({ maxLength: 40 }),
          check: fc.uint8Array({ minLength: 3, maxLength: 3 }),
        }),
      ),
    }),
  ),
];

describe.each(CASES)("$name", ({ name, codec, values }) => {
  test("what was written is read", () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(decode(codec, encode(codec, value))).toEqual(value);
      }),
    );
  });

  test("bytes are refused, or are the only ones of their value", () => {
    const some = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 40 }).map((each) => Uint8Array.from(each)),
      fc.tuple(values, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
        const damaged = encode(codec, value);
        if (damaged.length > 0) damaged[at % damaged.length]! ^= byte;
        return damaged;
      }),
    );
    fc.assert(
      fc.property(some, (hostile) => {
        const value = decoded(codec, hostile);
        if (value === undefined) return;
        // There are many ways to write NaN.
        if (name === "f64" && Number.isNaN(value.value)) return;
        expect(encode(codec, value.value)).toEqual(hostile);
      }),
    );
  });

  test("a beginning of a value's bytes is no value", () => {
    fc.assert(
      fc.property(values, fc.nat(), (value, at) => {
        const whole = encode(codec, value);
        if (whole.length > 0) expect(decoded(codec, whole.subarray(0, at % whole.length))).toBeUndefined();
      }),
    );
  });
});

function decoded(codec: Codec<unknown>, hostile: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: decode(codec, hostile) };
  } catch (error) {
    if (isPondError(error, "BAD_MESSAGE")) return undefined;
    throw error;
  }
}
