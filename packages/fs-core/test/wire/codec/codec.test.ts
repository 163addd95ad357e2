import { toHex } from "@smallpond/base";
import { describe, expect, test } from "vitest";
import {
  ByteReader,
  ByteWriter,
  bool,
  bytes,
  type Codec,
  decode,
  encode,
  f64,
  fixedBytes,
  i64,
  lazy,
  list,
  mapped,
  nothing,
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

const point = struct({ x: u16, name: optional(text(10)) });
const shape = union({ dot: [1, point], nothing: [7, struct({})] });
interface Tree {
  readonly value: number;
  readonly parts: readonly Tree[];
}
const tree: Codec<Tree> = struct({ value: u8, parts: lazy(() => list(tree, 3)) });

/** Bytes that are on disks and in the other half of a connection: they never change. */
const GOLDEN: readonly (readonly [string, Codec<never>, unknown, string])[] = [
  ["u8", u8, 0xab, "ab"],
  ["u16", u16, 0xabcd, "cdab"],
  ["u32", u32, 0xdeadbeef, "efbeadde"],
  ["u64", u64, 0x0102030405060708n, "0807060504030201"],
  ["i64", i64, -2n, "feffffffffffffff"],
  ["f64", f64, 1.5, "000000000000f83f"],
  ["varint in one byte", varint, 127, "7f"],
  ["varint in two bytes", varint, 300, "ac02"],
  ["the largest varint", varint, Number.MAX_SAFE_INTEGER, "ffffffffffffff0f"],
  ["bool", bool, true, "01"],
  ["nothing", nothing, undefined, ""],
  ["bytes", bytes(3), Uint8Array.of(1, 2), "020102"],
  ["fixed bytes", fixedBytes(2), Uint8Array.of(1, 2), "0102"],
  ["text", text(9), "é€", "05c3a9e282ac"],
  ["a byte order mark, which belongs to the text", text(9), "\ufeffa", "04efbbbf61"],
  ["list", list(u8, 3), [1, 2], "020102"],
  ["optional that is missing", optional(u8), undefined, "00"],
  ["optional that is there", optional(u8), 5, "0105"],
  ["word", word(["red", "green"]), "green", "01"],
  ["struct", point, { x: 1, name: "a" }, "0100010161"],
  ["union", shape, { kind: "dot", x: 2, name: undefined }, "01020000"],
  ["union without fields", shape, { kind: "nothing" }, "07"],
  ["tree", tree, { value: 1, parts: [{ value: 2, parts: [] }] }, "01010200"],
] as never;

describe("codecs", () => {
  test.each(GOLDEN)("%s keeps its bytes", (_, codec, value, hex) => {
    expect(toHex(encode(codec, value as never))).toBe(hex);
    expect(decode(codec, Uint8Array.from(Buffer.from(hex, "hex")))).toEqual(value);
  });

  test.each<readonly [string, Codec<unknown>, string]>([
    ["a number cut short", u32 as Codec<unknown>, "010203"],
    ["bytes that are left over", u8 as Codec<unknown>, "0102"],
    ["a truth value of 2", bool as Codec<unknown>, "02"],
    ["a count that is not in its shortest form", varint as Codec<unknown>, "8000"],
    ["a count beyond safe integers", varint as Codec<unknown>, "ffffffffffffff1f"],
    ["a count that never ends", varint as Codec<unknown>, "ffffffffffffffffffff01"],
    ["bytes longer than allowed", bytes(3) as Codec<unknown>, "0401020304"],
    ["bytes that claim more than is there", bytes(2 ** 40) as Codec<unknown>, "ffffffff0f00"],
    ["a list longer than allowed", list(u8, 1) as Codec<unknown>, "020102"],
    ["text that is not UTF-8", text(9) as Codec<unknown>, "02c328"],
    ["text in an overlong form", text(9) as Codec<unknown>, "02c080"],
    ["a surrogate in text", text(9) as Codec<unknown>, "03eda080"],
    ["a word that is not there", word(["red"]) as Codec<unknown>, "01"],
    ["a kind that is not there", shape as Codec<unknown>, "02"],
  ])("%s is refused", (_, codec, hex) => {
    expect(() => decode(codec, Uint8Array.from(Buffer.from(hex, "hex")))).toThrow(
      expect.objectContaining({ code: "BAD_MESSAGE", kind: "corrupt" }),
    );
  });

  test.each<readonly [string, () => unknown]>([
    ["a number that does not fit", () => encode(u8, 256)],
    ["half a number", () => encode(u16, 1.5)],
    ["a negative count", () => encode(varint, -1)],
    ["an integer beyond 64 bits", () => encode(u64, 2n ** 64n)],
    ["bytes of another length", () => encode(fixedBytes(2), new Uint8Array(3))],
    ["text with half a character", () => encode(text(9), "\ud800")],
    ["too long a text", () => encode(text(2), "€")],
    ["an unknown word", () => encode(word(["a"]), "b" as "a")],
    ["two kinds with one tag", () => union({ a: [1, struct({})], b: [1, struct({})] })],
  ])("writing %s is a bug of ours", (_, write) => {
    expect(write).toThrow(expect.objectContaining({ name: "InvariantError" }));
  });

  test("a writer may grow at any write", () => {
    for (let before = 240; before < 260; before++) {
      const writer = new ByteWriter();
      for (let at = 0; at < before; at++) writer.u8(at & 0xff);
      writer.u16(0x0102);
      writer.u32(0x03040506);
      writer.u64(0x0708090a0b0c0d0en);
      writer.i64(-1n);
      writer.f64(-0);
      writer.varint(300);
      writer.raw(new Uint8Array(600).fill(7));
      const reader = new ByteReader(writer.finish());
      for (let at = 0; at < before; at++) expect(reader.u8()).toBe(at & 0xff);
      expect(reader.u16()).toBe(0x0102);
      expect(reader.u32()).toBe(0x03040506);
      expect(reader.u64()).toBe(0x0708090a0b0c0d0en);
      expect(reader.i64()).toBe(-1n);
      expect(Object.is(reader.f64(), -0)).toBe(true);
      expect(reader.varint()).toBe(300);
      expect(reader.raw(600)).toEqual(new Uint8Array(600).fill(7));
      reader.end();
    }
  });

  test("what was read keeps its bytes when the message's memory is used again", () => {
    const message = encode(bytes(4), Uint8Array.of(1, 2, 3));
    const read = decode(bytes(4), message);
    message.fill(0);
    expect(read).toEqual(Uint8Array.of(1, 2, 3));
  });

  test("a reset writer begins anew in the same memory", () => {
    const writer = new ByteWriter();
    writer.u32(1);
    writer.reset();
    writer.u8(2);
    expect(writer.size).toBe(1);
    expect(writer.writtenView).toEqual(Uint8Array.of(2));
  });

  test("a mapped codec may refuse what the one below takes", () => {
    const even = mapped(
      u8,
      (value: number) => value,
      (value, reader) => {
        if (value % 2 === 1) throw reader.bad("it is odd");
        return value;
      },
    );
    expect(decode(even, Uint8Array.of(4))).toBe(4);
    expect(() => decode(even, Uint8Array.of(5))).toThrow(expect.objectContaining({ code: "BAD_MESSAGE" }));
  });
});
