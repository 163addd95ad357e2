/**
 * Frames: what a connection's bytes are cut into. A header of 32 bytes, then a message, then bulk bytes.
 *
 *     0  4  magic "3FSW"
 *     4  1  version
 *     5  1  kind
 *     6  2  flags
 *     8  8  id of the call it belongs to, 0 for none
 *    16  4  bytes of the message
 *    20  4  bulk bytes
 *    24  4  CRC-32C of the message
 *    28  4  CRC-32C of the 28 bytes before
 *
 * Integers are little endian. Bulk bytes carry no checksum here: whoever stores them brings one from end to end (I9), and
 * two would cost twice.
 */
import { PondError } from "@smallpond/base";
import type { Crc32c } from "@smallpond/fs-native";

export const FRAME_HEADER_BYTES = 32;
export const FRAME_VERSION = 1;

/** Their places are their numbers: only ever add at the end. */
export const FRAME_KINDS = [
  "hello",
  "challenge",
  "proof",
  "welcome",
  "refused",
  "question",
  "answer",
  "failure",
  "cancel",
  "ping",
  "pong",
  "goodbye",
  // Between two ends of which bulk bytes pass by the connection.
  "fabric",
  "taken",
] as const;

export type FrameKind = (typeof FRAME_KINDS)[number];

/** Of a `failure`: the handler was not begun, so the question had no effect. */
export const FLAG_NOT_RUN = 1;

/** Of a `hello`: what packets of the connection carry in the DS field, there and back. */
export const DSCP_FLAGS = 0x3f;

/** A message begins with where bulk bytes lie or go, since they pass by the connection. */
export const FLAG_FABRIC = 0x8000;

export interface FrameHeader {
  readonly kind: FrameKind;
  readonly flags: number;
  readonly id: number;
  readonly messageBytes: number;
  readonly bulkBytes: number;
  readonly messageCrc: number;
}

/** Limits of what comes from a peer. Both sides keep the same, or the smaller one refuses what the larger one sends. */
export interface FrameSettings {
  /** Of one message: questions, answers, errors. */
  readonly messageBytesMax: number;
  /** Of one message before the peer has said who it is. */
  readonly handshakeBytesMax: number;
  /** Of the bulk bytes beside one message: the largest chunk and some slack. */
  readonly bulkBytesMax: number;
}

export const DEFAULT_FRAME_SETTINGS: FrameSettings = {
  messageBytesMax: 4 * 2 ** 20,
  handshakeBytesMax: 4096,
  bulkBytesMax: 65 * 2 ** 20,
};

export type BadFrameReason =
  | "magic"
  | "version"
  | "header checksum"
  | "message checksum"
  | "kind"
  | "id"
  | "message length"
  | "bulk length"
  | "order";

/** Bytes that are no frame of ours. The connection cannot be trusted any further and is closed. */
export type BadFrameError = PondError<"BAD_FRAME", { readonly reason: BadFrameReason }>;

const MAGIC = 0x5753_4633;
const ID_HIGH_MAX = 2 ** 21;

/** Header and message in one piece of memory. */
export function encodeFrame(
  crc32c: Crc32c,
  frame: {
    readonly kind: FrameKind;
    readonly flags?: number;
    readonly id: number;
    readonly message: Uint8Array;
    readonly bulkBytes?: number;
  },
): Uint8Array {
  const { message } = frame;
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + message.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  bytes[4] = FRAME_VERSION;
  bytes[5] = FRAME_KINDS.indexOf(frame.kind);
  view.setUint16(6, frame.flags ?? 0, true);
  view.setUint32(8, frame.id % 2 ** 32, true);
  view.setUint32(12, Math.floor(frame.id / 2 ** 32), true);
  view.setUint32(16, message.length, true);
  view.setUint32(20, frame.bulkBytes ?? 0, true);
  view.setUint32(24, crc32c.of(message), true);
  view.setUint32(28, crc32c.of(bytes.subarray(0, 28)), true);
  bytes.set(message, FRAME_HEADER_BYTES);
  return bytes;
}

/**
 * The header that the first 32 bytes are. Limits are the caller's to check.
 *
 * @throws BAD_FRAME for anything else.
 */
export function decodeFrameHeader(crc32c: Crc32c, bytes: Uint8Array): FrameHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, FRAME_HEADER_BYTES);
  if (view.getUint32(0, true) !== MAGIC) throw badFrame("magic", "it does not begin with 3FSW");
  const version = view.getUint8(4);
  // Before the checksum, which another version may compute elsewhere.
  if (version !== FRAME_VERSION) {
    throw badFrame("version", `it has version ${version}, and ${FRAME_VERSION} is spoken here`);
  }
  if (view.getUint32(28, true) !== crc32c.of(bytes.subarray(0, 28))) {
    throw badFrame("header checksum", "the checksum of its header is wrong");
  }
  const kind = FRAME_KINDS[view.getUint8(5)];
  if (kind === undefined) throw badFrame("kind", `there is no kind ${view.getUint8(5)}`);
  const high = view.getUint32(12, true);
  if (high >= ID_HIGH_MAX) throw badFrame("id", "its id is too large");
  return {
    kind,
    flags: view.getUint16(6, true),
    id: high * 2 ** 32 + view.getUint32(8, true),
    messageBytes: view.getUint32(16, true),
    bulkBytes: view.getUint32(20, true),
    messageCrc: view.getUint32(24, true),
  };
}

export function badFrame(reason: BadFrameReason, why: string): BadFrameError {
  return new PondError("BAD_FRAME", {
    kind: "corrupt",
    message: `bytes that are no frame of ours: ${why}`,
    details: { reason },
    hint:
      reason === "magic"
        ? "look whether the address belongs to a service of this cluster, and whether one side uses TLS"
        : undefined,
  });
}
