/**
 * How a value is written as bytes, and read back. Codecs are put together from small ones, so that a message or a row is
 * a table of its fields in the order of its bytes; each has golden vectors that hold its bytes still.
 *
 * A reader believes nothing: lengths have a maximum, tags are known, numbers fit, text is UTF-8. What it returns equals
 * what was written; what it refuses is `BAD_MESSAGE`.
 */
import { assert, InvariantError } from "@smallpond/base";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";

export interface Codec<T> {
  write(writer: ByteWriter, value: T): void;
  read(reader: ByteReader): T;
}

/** The type of the values of a codec. */
export type ValueOf<C> = C extends Codec<infer T> ? T : never;

/** All of a value's bytes, owned by the caller; their `buffer` may hold other values too. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = spare ?? new ByteWriter();
  // A codec that encodes something within, or throws, does not get the same one.
  spare = undefined;
  codec.write(writer, value);
  const bytes = writer.finish();
  spare = writer;
  return bytes;
}

// eslint-disable-next-line services/no-module-state -- Memory to write in: nothing in it is ever read again.
let spare: ByteWriter | undefined;

/** The value that all of the bytes are; they are borrowed. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const reader = new ByteReader(bytes);
  const value = codec.read(reader);
  reader.end();
  return value;
}

export const u8: Codec<number> = { write: (w, value) => w.u8(value), read: (r) => r.u8() };
export const u16: Codec<number> = { write: (w, value) => w.u16(value), read: (r) => r.u16() };
export const u32: Codec<number> = { write: (w, value) => w.u32(value), read: (r) => r.u32() };
export const u64: Codec<bigint> = { write: (w, value) => w.u64(value), read: (r) => r.u64() };
export const i64: Codec<bigint> = { write: (w, value) => w.i64(value), read: (r) => r.i64() };
export const f64: Codec<number> = { write: (w, value) => w.f64(value), read: (r) => r.f64() };
/** A count or an offset: a safe integer of at least 0, small ones in few bytes. */
export const varint: Codec<number> = { write: (w, value) => w.varint(value), read: (r) => r.varint() };

export const bool: Codec<boolean> = {
  write: (w, value) => w.u8(value ? 1 : 0),
  read: (r) => {
    const byte = r.u8();
    if (byte > 1) throw r.bad(`${byte} is no truth value`);
    return byte === 1;
  },
};

/** Nothing, in no bytes. */
export const nothing: Codec<undefined> = { write: () => {}, read: () => undefined };

/** At most `maxBytes` bytes. */
export function bytes(maxBytes: number): Codec<Uint8Array> {
  return {
    write: (w, value) => {
      if (value.length > maxBytes) throw tooMany(value.length, maxBytes, "bytes");
      w.varint(value.length);
      w.raw(value);
    },
    read: (r) => r.raw(limited(r, r.varint(), maxBytes, "bytes")),
  };
}

/** Exactly `count` bytes. */
export function fixedBytes(count: number): Codec<Uint8Array> {
  return {
    write: (w, value) => {
      if (value.length !== count) {
        throw new InvariantError(`${value.length} bytes where ${count} belong`);
      }
      w.raw(value);
    },
    read: (r) => r.raw(count),
  };
}

/** Up to here a loop over ASCII is several times as fast as the encoder and the decoder. */
const SHORT_BYTES = 128;

function isAscii(value: string): boolean {
  if (value.length > SHORT_BYTES) return false;
  for (let at = 0; at < value.length; at++) if (value.charCodeAt(at) > 0x7f) return false;
  return true;
}

const ENCODER = new TextEncoder();
// Without `ignoreBOM` a leading U+FEFF would be lost.
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text of at most `maxBytes` bytes of UTF-8. Lone surrogates are refused when written. */
export function text(maxBytes: number): Codec<string> {
  return {
    write: (w, value) => {
      if (isAscii(value)) {
        if (value.length > maxBytes) throw tooMany(value.length, maxBytes, "bytes of text");
        w.varint(value.length);
        w.ascii(value);
        return;
      }
      assert(!/\p{Surrogate}/u.test(value), "text must be well-formed");
      const encoded = ENCODER.encode(value);
      if (encoded.length > maxBytes) throw tooMany(encoded.length, maxBytes, "bytes of text");
      w.varint(encoded.length);
      w.raw(encoded);
    },
    read: (r) => {
      const length = limited(r, r.varint(), maxBytes, "bytes of text");
      const encoded = r.rawView(length);
      if (length <= SHORT_BYTES && encoded.every((byte) => byte < 0x80)) {
        return String.fromCharCode.apply(null, encoded as unknown as number[]);
      }
      try {
        return DECODER.decode(encoded);
      } catch {
        throw r.bad("a text is not UTF-8");
      }
    },
  };
}

/** At most `maxCount` values. */
export function list<T>(codec: Codec<T>, maxCount: number): Codec<readonly T[]> {
  return {
    write: (w, values) => {
      if (values.length > maxCount) throw tooMany(values.length, maxCount, "values");
      w.varint(values.length);
      for (const value of values) codec.write(w, value);
    },
    read: (r) => {
      const count = limited(r, r.varint(), maxCount, "values");
      const values: T[] = [];
      for (let index = 0; index < count; index++) values.push(codec.read(r));
      return values;
    },
  };
}

export function optional<T>(codec: Codec<T>): Codec<T | undefined> {
  return {
    write: (w, value) => {
      bool.write(w, value !== undefined);
      if (value !== undefined) codec.write(w, value);
    },
    read: (r) => (bool.read(r) ? codec.read(r) : undefined),
  };
}

/** One of a few words, as the number of its place: only ever add words at the end. */
export function word<const W extends string>(words: readonly W[]): Codec<W> {
  assert(words.length > 0 && words.length <= 256, "1 to 256 words");
  const places: ReadonlyMap<string, number> = new Map(words.map((each, place) => [each, place]));
  return {
    write: (w, value) => {
      const place = places.get(value);
      if (place === undefined) throw new InvariantError(`unknown word ${value}`);
      w.u8(place);
    },
    read: (r) => {
      const place = r.u8();
      const found = words[place];
      if (found === undefined) throw r.bad(`there is no word number ${place}`);
      return found;
    },
  };
}

type Fields = Readonly<Record<string, Codec<never>>>;
type StructOf<F> = { readonly [K in keyof F]: ValueOf<F[K]> };

/** An object, as its fields in the order of the table. A field that may be missing is an `optional` of `undefined`. */
export function struct<const F extends Readonly<Record<string, unknown>>>(
  fields: F & { readonly [K in keyof F]: F[K] extends Codec<infer _> ? F[K] : never },
): Codec<StructOf<F>> {
  const entries = Object.entries(fields as unknown as Fields) as unknown as (readonly [
    string,
    Codec<unknown>,
  ])[];
  return {
    write: (w, value) => {
      for (const [name, codec] of entries) codec.write(w, (value as Record<string, unknown>)[name]);
    },
    read: (r) => {
      const value: Record<string, unknown> = {};
      for (const [name, codec] of entries) value[name] = codec.read(r);
      return value as StructOf<F>;
    },
  };
}

type VariantTable = Readonly<Record<string, readonly [tag: number, codec: unknown]>>;
type UnionOf<V extends VariantTable> = {
  [K in keyof V]: { readonly kind: K } & ValueOf<V[K][1]>;
}[keyof V];

/** Objects told apart by their `kind`, each as its tag and then its fields. Tags are never used again for another kind. */
export function union<const V extends VariantTable>(variants: V): Codec<UnionOf<V>> {
  const tags = new Map<number, readonly [string, Codec<object>]>();
  for (const [kind, [tag, codec]] of Object.entries(variants)) {
    assert(!tags.has(tag), `tag ${tag} stands twice`);
    tags.set(tag, [kind, codec as Codec<object>]);
  }
  return {
    write: (w, value) => {
      const variant = variants[value.kind as string];
      if (variant === undefined) throw new InvariantError(`unknown kind ${String(value.kind)}`);
      w.u8(variant[0]);
      (variant[1] as Codec<object>).write(w, value);
    },
    read: (r) => {
      const tag = r.u8();
      const variant = tags.get(tag);
      if (variant === undefined) throw r.bad(`there is no kind with tag ${tag}`);
      const [kind, codec] = variant;
      return { kind, ...codec.read(r) } as UnionOf<V>;
    },
  };
}

/** A value of another type with the same bytes: brands, dates. `from` may throw `BAD_MESSAGE` by `reader.bad`. */
export function mapped<A, B>(
  codec: Codec<A>,
  to: (value: B) => A,
  from: (value: A, reader: ByteReader) => B,
): Codec<B> {
  return {
    write: (w, value) => codec.write(w, to(value)),
    read: (r) => from(codec.read(r), r),
  };
}

/** A codec that needs itself: trees. */
export function lazy<T>(codec: () => Codec<T>): Codec<T> {
  return { write: (w, value) => codec().write(w, value), read: (r) => codec().read(r) };
}

function limited(reader: ByteReader, count: number, max: number, what: string): number {
  if (count > max) throw reader.bad(`${count} ${what} where ${max} are the most`);
  return count;
}

function tooMany(count: number, max: number, what: string): InvariantError {
  return new InvariantError(`${count} ${what} where ${max} are the most`);
}
