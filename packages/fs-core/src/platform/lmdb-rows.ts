/** Rows of a store that are about the store: its format, its owner, its last batch. */

import type { Ownership } from "../metastore/ordered-store.ts";
import {
  bytes as bytesCodec,
  type Codec,
  decode,
  encode,
  mapped,
  struct,
  u8,
  u64,
} from "../wire/codec/index.ts";

export const FORMAT_KEY: Readonly<Uint8Array> = new TextEncoder().encode("format");
export const OWNER_KEY: Readonly<Uint8Array> = new TextEncoder().encode("owner");
export const LAST_BATCH_KEY: Readonly<Uint8Array> = new TextEncoder().encode("batch");

/** Rises when rows are kept in another way. */
export const STORE_FORMAT = 1;

const OWNER_BYTES_MAX = 4096;

const OWNERSHIP: Codec<Ownership & { readonly format: number }> = struct({
  format: mapped(
    u8,
    (format: number) => format,
    (format, reader) => {
      if (format !== STORE_FORMAT) throw reader.bad(`an ownership of format ${format}`);
      return format;
    },
  ),
  epoch: u64,
  renewals: u64,
  owner: bytesCodec(OWNER_BYTES_MAX),
});

export const NOBODY: Readonly<Ownership> = Object.freeze({
  epoch: 0n,
  renewals: 0n,
  owner: new Uint8Array(),
});

export function encodeOwnership(ownership: Ownership): Uint8Array {
  return encode(OWNERSHIP, { format: STORE_FORMAT, ...ownership });
}

export function decodeOwnership(row: Uint8Array | undefined): Ownership {
  if (row === undefined) return NOBODY;
  const { epoch, renewals, owner } = decode(OWNERSHIP, row);
  return { epoch, renewals, owner };
}
