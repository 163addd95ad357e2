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
/** All of a value's bytes, owned by the caller; their `buffer` may hold other values too. */
export function encode(codec, value) {
    const writer = spare ?? new ByteWriter();
    // A codec that encodes something within, or throws, does not get the same one.
    spare = undefined;
    codec.write(writer, value);
    const bytes = writer.finish();
    spare = writer;
    return bytes;
}
// eslint-disable-next-line services/no-module-state -- Memory to write in: nothing in it is ever read again.
let spare;
/** The value that all of the bytes are; they are borrowed. */
export function decode(codec, bytes) {
    const reader = new ByteReader(bytes);
    const value = codec.read(reader);
    reader.end();
    return value;
}
export const u8 = { write: (w, value) => w.u8(value), read: (r) => r.u8() };
export const u16 = { write: (w, value) => w.u16(value), read: (r) => r.u16() };
export const u32 = { write: (w, value) => w.u32(value), read: (r) => r.u32() };
export const u64 = { write: (w, value) => w.u64(value), read: (r) => r.u64() };
export const i64 = { write: (w, value) => w.i64(value), read: (r) => r.i64() };
export const f64 = { write: (w, value) => w.f64(value), read: (r) => r.f64() };
/** A count or an offset: a safe integer of at least 0, small ones in few bytes. */
export const varint = { write: (w, value) => w.varint(value), read: (r) => r.varint() };
export const bool = {
    write: (w, value) => w.u8(value ? 1 : 0),
    read: (r) => {
        const byte = r.u8();
        if (byte > 1)
            throw r.bad(`${byte} is no truth value`);
        return byte === 1;
    },
};
/** Nothing, in no bytes. */
export const nothing = { write: () => { }, read: () => undefined };
/** At most `maxBytes` bytes. */
export function bytes(maxBytes) {
    return {
        write: (w, value) => {
            if (value.length > maxBytes)
                throw tooMany(value.length, maxBytes, "bytes");
            w.varint(value.length);
            w.raw(value);
        },
        read: (r) => r.raw(limited(r, r.varint(), maxBytes, "bytes")),
    };
}
/** Exactly `count` bytes. */
export function fixedBytes(count) {
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
function isAscii(value) {
    if (value.length > SHORT_BYTES)
        return false;
    for (let at = 0; at < value.length; at++)
        if (value.charCodeAt(at) > 0x7f)
            return false;
    return true;
}
const ENCODER = new TextEncoder();
// Without `ignoreBOM` a leading U+FEFF would be lost.
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Text of at most `maxBytes` bytes of UTF-8. Lone surrogates are refused when written. */
export function text(maxBytes) {
    return {
        write: (w, value) => {
            if (isAscii(value)) {
                if (value.length > maxBytes)
                    throw tooMany(value.length, maxBytes, "bytes of text");
                w.varint(value.length);
                w.ascii(value);
                return;
            }
            assert(!/\p{Surrogate}/u.test(value), "text must be well-formed");
            const encoded = ENCODER.encode(value);
            if (encoded.length > maxBytes)
                throw tooMany(encoded.length, maxBytes, "bytes of text");
            w.varint(encoded.length);
            w.raw(encoded);
        },
        read: (r) => {
            const length = limited(r, r.varint(), maxBytes, "bytes of text");
            const encoded = r.rawView(length);
            if (length <= SHORT_BYTES && encoded.every((byte) => byte < 0x80)) {
                return String.fromCharCode.apply(null, encoded);
            }
            try {
                return DECODER.decode(encoded);
            }
            catch {
                throw r.bad("a text is not UTF-8");
            }
        },
    };
}
/** At most `maxCount` values. */
export function list(codec, maxCount) {
    return {
        write: (w, values) => {
            if (values.length > maxCount)
                throw tooMany(values.length, maxCount, "values");
            w.varint(values.length);
            for (const value of values)
                codec.write(w, value);
        },
        read: (r) => {
            const count = limited(r, r.varint(), maxCount, "values");
            const values = [];
            for (let index = 0; index < count; index++)
                values.push(codec.read(r));
            return values;
        },
    };
}
export function optional(codec) {
    return {
        write: (w, value) => {
            bool.write(w, value !== undefined);
            if (value !== undefined)
                codec.write(w, value);
        },
        read: (r) => (bool.read(r) ? codec.read(r) : undefined),
    };
}
/** One of a few words, as the number of its place: only ever add words at the end. */
export function word(words) {
    assert(words.length > 0 && words.length <= 256, "1 to 256 words");
    const places = new Map(words.map((each, place) => [each, place]));
    return {
        write: (w, value) => {
            const place = places.get(value);
            if (place === undefined)
                throw new InvariantError(`unknown word ${value}`);
            w.u8(place);
        },
        read: (r) => {
            const place = r.u8();
            const found = words[place];
            if (found === undefined)
                throw r.bad(`there is no word number ${place}`);
            return found;
        },
    };
}
/** An object, as its fields in the order of the table. A field that may be missing is an `optional` of `undefined`. */
export function struct(fields) {
    const entries = Object.entries(fields);
    return {
        write: (w, value) => {
            for (const [name, codec] of entries)
                codec.write(w, value[name]);
        },
        read: (r) => {
            const value = {};
            for (const [name, codec] of entries)
                value[name] = codec.read(r);
            return value;
        },
    };
}
/** Objects told apart by their `kind`, each as its tag and then its fields. Tags are never used again for another kind. */
export function union(variants) {
    const tags = new Map();
    for (const [kind, [tag, codec]] of Object.entries(variants)) {
        assert(!tags.has(tag), `tag ${tag} stands twice`);
        tags.set(tag, [kind, codec]);
    }
    return {
        write: (w, value) => {
            const variant = variants[value.kind];
            if (variant === undefined)
                throw new InvariantError(`unknown kind ${String(value.kind)}`);
            w.u8(variant[0]);
            variant[1].write(w, value);
        },
        read: (r) => {
            const tag = r.u8();
            const variant = tags.get(tag);
            if (variant === undefined)
                throw r.bad(`there is no kind with tag ${tag}`);
            const [kind, codec] = variant;
            return { kind, ...codec.read(r) };
        },
    };
}
/** A value of another type with the same bytes: brands, dates. `from` may throw `BAD_MESSAGE` by `reader.bad`. */
export function mapped(codec, to, from) {
    return {
        write: (w, value) => codec.write(w, to(value)),
        read: (r) => from(codec.read(r), r),
    };
}
/** A codec that needs itself: trees. */
export function lazy(codec) {
    return { write: (w, value) => codec().write(w, value), read: (r) => codec().read(r) };
}
function limited(reader, count, max, what) {
    if (count > max)
        throw reader.bad(`${count} ${what} where ${max} are the most`);
    return count;
}
function tooMany(count, max, what) {
    return new InvariantError(`${count} ${what} where ${max} are the most`);
}
