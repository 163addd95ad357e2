/** What an owner writes of itself into the store: which incarnation of a process it is, and where that is reached. */
import type { NetAddress } from "@smallpond/base";
import {
  type Codec,
  decode,
  encode,
  mapped,
  optional,
  struct,
  text,
  u8,
  u16,
  u64,
  union,
} from "../../wire/codec/index.ts";

export interface OwnerRecord {
  /** Drawn by each incarnation. */
  readonly incarnation: bigint;
  /** None: nobody but its own process reaches it. */
  readonly address: NetAddress | undefined;
}

const FORMAT = 1;
const NAME_BYTES_MAX = 1024;

const NET_ADDRESS: Codec<NetAddress> = union({
  tcp: [1, struct({ host: text(NAME_BYTES_MAX), port: u16 })],
  unix: [2, struct({ path: text(NAME_BYTES_MAX) })],
});

const RECORD: Codec<{
  readonly format: number;
  readonly incarnation: bigint;
  readonly address: NetAddress | undefined;
}> = struct({
  format: mapped(
    u8,
    (format: number) => format,
    (format, reader) => {
      if (format !== FORMAT) throw reader.bad(`an owner's record of format ${format}`);
      return format;
    },
  ),
  incarnation: u64,
  address: optional(NET_ADDRESS),
});

export function encodeOwner(record: OwnerRecord): Uint8Array {
  return encode(RECORD, { format: FORMAT, ...record });
}

/** Nothing where the last owner said that it goes. */
export function decodeOwner(bytes: Uint8Array): OwnerRecord | undefined {
  if (bytes.length === 0) return undefined;
  const { incarnation, address } = decode(RECORD, bytes);
  return { incarnation, address };
}

/** What an owner leaves that goes of its own accord: whoever comes need not wait. */
export function nobody(): Uint8Array {
  return new Uint8Array();
}
