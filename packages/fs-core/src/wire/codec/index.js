/** Codecs: values as bytes. */
export { ByteReader, badMessage } from "./byte-reader.ts";
export { ByteWriter } from "./byte-writer.ts";
export { bool, bytes, decode, encode, f64, fixedBytes, i64, lazy, list, mapped, nothing, optional, struct, text, u8, u16, u32, u64, union, varint, word, } from "./codec.ts";
export { versioned } from "./versioned.ts";
