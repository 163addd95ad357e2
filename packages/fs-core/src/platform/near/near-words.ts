/** What two processes say over the channel by which they show each other memory. Descriptors go beside the words. */
import { bytes, type Codec, struct, union, varint } from "../../wire/codec/index.ts";

export type LinkWord =
  /** The first: who comes, by the invitation's word. */
  | { readonly kind: "hello"; readonly word: Uint8Array }
  /** With the memory that says which loans hold. */
  | { readonly kind: "loans" }
  /** With a region's memory. */
  | { readonly kind: "region"; readonly region: number }
  /** A region that came can be lent from. */
  | { readonly kind: "have"; readonly region: number };

export const linkWordCodec: Codec<LinkWord> = union({
  hello: [1, struct({ word: bytes(16) })],
  loans: [2, struct({})],
  region: [3, struct({ region: varint })],
  have: [4, struct({ region: varint })],
});
