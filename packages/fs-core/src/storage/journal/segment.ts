/** Segments of the journal: files of one size, numbered, each beginning with a frame that says what it continues. */
import { type Codec, decode, encode, struct, u32, u64, varint, versioned } from "../../wire/codec/index.ts";
import type { Crc } from "../model/pages.ts";
import { FRAME_ALIGN, makeFrame, readFrame } from "./frame.ts";

export interface SegmentHead {
  readonly target: number;
  readonly segment: number;
  /** Its first batch. The segment before ends with the batch before; what stands behind that one there is void. */
  readonly firstBatch: bigint;
}

/** Where batches begin. */
export const SEGMENT_HEAD_BYTES: number = FRAME_ALIGN;
/** No batch has this number, so that a head is never taken for one. */
const HEAD_BATCH = 0n;

const codec: Codec<SegmentHead> = versioned(1, struct({ target: u32, segment: varint, firstBatch: u64 }));

export function makeSegmentHead(crc: Crc, head: SegmentHead, salt: bigint): Uint8Array {
  return makeFrame(crc, encode(codec, head), { batch: HEAD_BATCH, salt });
}

export function readSegmentHead(crc: Crc, bytes: Uint8Array, salt: bigint): SegmentHead | undefined {
  const frame = readFrame(crc, bytes, 0, salt);
  return frame?.batch === HEAD_BATCH ? decode(codec, frame.payload) : undefined;
}

export function segmentName(segment: number): string {
  return `${segment.toString().padStart(12, "0")}.journal`;
}

/** The number of a segment from its file's name. */
export function segmentOf(name: string): number | undefined {
  const match = /^(\d{12})\.journal$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}
