/** Why a storage service did not do one item of a batch, and what whoever asked may do about it. */
import { type Codec, optional, struct, text, u32, word } from "../../wire/codec/index.ts";

export type RefusalCode =
  /** The chain is of another version here, or this replica is not the one to ask: look at the routing, then again (I4). */
  | "CHAIN_CHANGED"
  /** This node may not serve at the moment (I5), or is just taking a new chain version up: again, later or elsewhere. */
  | "NOT_READY"
  /** An update of the chunk is under way, and only the tail knows what is current (I3): ask the tail. */
  | "CHUNK_DIRTY"
  /** The bytes here are damaged (I9): ask another replica; this one gets itself repaired. */
  | "CHUNK_CORRUPT"
  | "CAPABILITY_FORGED"
  | "CAPABILITY_EXPIRED"
  | "CAPABILITY_WRONG"
  /** Its session was taken away (I11). */
  | "SESSION_REVOKED"
  /** A later request of the same channel was heard before: nobody waits for the answer to this one (I8). */
  | "STALE_REQUEST"
  /** No space; nothing was done. */
  | "STORE_FULL"
  /** Too much is under way; nothing was done: again, later. */
  | "STORE_BUSY"
  /** The bytes are not those that their checksum is of; nothing was done: again. */
  | "PAYLOAD_CORRUPT"
  /** The request makes no sense; nothing was done. */
  | "BAD_REQUEST"
  /** Whether it was done is unknown: ask again, with the same identity. */
  | "UNKNOWN_OUTCOME";

export interface Refusal {
  readonly code: RefusalCode;
  /** For people. */
  readonly message: string;
  /** Of the chain as this replica knows it, where that is the reason. */
  readonly chainVersion: number | undefined;
}

const MESSAGE_BYTES_MAX = 512;

export const refusalCodec: Codec<Refusal> = struct({
  code: word([
    "CHAIN_CHANGED",
    "NOT_READY",
    "CHUNK_DIRTY",
    "CHUNK_CORRUPT",
    "CAPABILITY_FORGED",
    "CAPABILITY_EXPIRED",
    "CAPABILITY_WRONG",
    "SESSION_REVOKED",
    "STALE_REQUEST",
    "STORE_FULL",
    "STORE_BUSY",
    "PAYLOAD_CORRUPT",
    "BAD_REQUEST",
    "UNKNOWN_OUTCOME",
  ]),
  message: text(MESSAGE_BYTES_MAX),
  chainVersion: optional(u32),
});
