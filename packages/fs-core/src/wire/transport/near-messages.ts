/** What the two ends of a {@link NearTransport} tell each other beside the frames of RPC. */
import { bytes, type Codec, list, struct, text, u32, union, varint } from "../codec/index.ts";
import type { NearLoan, NearPlaceToCome } from "./near-memory.ts";

/** Pieces of bulk bytes of one frame. */
export const NEAR_PARTS_MAX = 64;

/** In frames of kind `fabric`. The client asks once it is known; a service that has no memory to show says nothing. */
export type NearWord = { readonly kind: "ask" } | ({ readonly kind: "come" } & NearPlaceToCome);

export const nearWordCodec: Codec<NearWord> = union({
  ask: [1, struct({})],
  come: [2, struct({ address: text(107), word: bytes(16) })],
});

/** In front of the message of a frame with `FLAG_FABRIC`: the bulk bytes are lent. */
export const nearLoanCodec: Codec<NearLoan> = struct({
  number: u32,
  round: u32,
  parts: list(struct({ region: varint, offset: varint, bytes: varint }), NEAR_PARTS_MAX),
});
