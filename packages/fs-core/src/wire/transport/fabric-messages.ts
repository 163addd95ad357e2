/** What the two ends of a fabric tell each other beside the frames of RPC. */
import {
  ByteWriter,
  bytes,
  type Codec,
  decode,
  list,
  optional,
  struct,
  text,
  u32,
  u64,
} from "../codec/index.ts";

/** The first frame of each side: how it is reached by remote memory access. */
export interface FabricHello {
  readonly provider: string;
  readonly address: Uint8Array;
}

export const fabricHelloCodec: Codec<FabricHello> = struct({ provider: text(64), address: bytes(512) });

/** A piece of registered memory. */
export interface FabricPlace {
  readonly key: bigint;
  readonly base: bigint;
  readonly bytes: number;
}

const placeCodec: Codec<FabricPlace> = struct({ key: u64, base: u64, bytes: u32 });
/** Pieces of bulk bytes of one frame. */
export const PIECES_MAX = 64;

export interface FabricNote {
  /** Bulk bytes of the frame. */
  readonly bulkBytes: number;
  /** Of a question: where they lie until they are `taken`. An answer's are in place already. */
  readonly sources: readonly FabricPlace[];
  /** Of a question: where the bulk bytes of its answer go. */
  readonly into: FabricPlace | undefined;
}

const noteCodec: Codec<FabricNote> = struct({
  bulkBytes: u32,
  sources: list(placeCodec, PIECES_MAX),
  into: optional(placeCodec),
});

export const fabricNoteCodec: Codec<FabricNote> = noteCodec;

/** The note, and behind it the message. */
export function withNote(note: FabricNote, message: Uint8Array): Uint8Array {
  const inner = new ByteWriter();
  noteCodec.write(inner, note);
  const writer = new ByteWriter();
  writer.u32(inner.size);
  writer.raw(inner.writtenView);
  writer.raw(message);
  return writer.finish();
}

/** Views of the bytes given. @throws BAD_MESSAGE */
export function splitNote(whole: Uint8Array): {
  readonly note: FabricNote;
  readonly messageView: Uint8Array;
} {
  const length = decode(u32, whole.subarray(0, 4));
  const end = 4 + length;
  return { note: decode(noteCodec, whole.subarray(4, end)), messageView: whole.subarray(end) };
}
