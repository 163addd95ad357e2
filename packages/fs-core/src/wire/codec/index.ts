/** Codecs: values as bytes. */
export { type BadMessageDetails, type BadMessageError, ByteReader, badMessage } from "./byte-reader.ts";
export { ByteWriter } from "./byte-writer.ts";
export {
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
  type ValueOf,
  varint,
  word,
} from "./codec.ts";
export { versioned } from "./versioned.ts";
