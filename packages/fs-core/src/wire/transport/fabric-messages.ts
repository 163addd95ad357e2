/** What the two ends of a fabric tell each other beside the frames of RPC. */
import { bytes, type Codec, list, optional, struct, text, u32, u64 } from "../codec/index.ts";

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

/** In front of the message of a frame with `FLAG_FABRIC`. */
export const fabricNoteCodec: Codec<FabricNote> = struct({
  bulkBytes: u32,
  sources: list(placeCodec, PIECES_MAX),
  into: optional(placeCodec),
});
