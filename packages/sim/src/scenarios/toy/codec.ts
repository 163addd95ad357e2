/** Bytes of the toy's messages and records: fixed-width integers and short texts, little endian. */
import { PondError } from "@smallpond/base";

/** What damaged or foreign bytes are refused with. */
export type BadBytesError = PondError<"BAD_BYTES">;

export class ByteWriter {
  #bytes: Uint8Array = new Uint8Array(128);
  #size = 0;

  u8(value: number): this {
    this.#room(1)[this.#size - 1] = value;
    return this;
  }

  u32(value: number): this {
    new DataView(this.#room(4).buffer).setUint32(this.#size - 4, value, true);
    return this;
  }

  text(value: string): this {
    const bytes = new TextEncoder().encode(value);
    this.u32(bytes.length);
    this.#room(bytes.length).set(bytes, this.#size - bytes.length);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.u32(value.length);
    this.#room(value.length).set(value, this.#size - value.length);
    return this;
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#size);
  }

  #room(count: number): Uint8Array {
    this.#size += count;
    if (this.#size > this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#size);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    return this.#bytes;
  }
}

/** Throws `BAD_BYTES` rather than read beyond the end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  u8(): number {
    return this.#take(1)[0]!;
  }

  u32(): number {
    const part = this.#take(4);
    return new DataView(part.buffer, part.byteOffset).getUint32(0, true);
  }

  text(): string {
    return new TextDecoder().decode(this.#take(this.u32()));
  }

  bytes(): Uint8Array {
    return this.#take(this.u32()).slice();
  }

  /** Every message has been read to its end. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw badBytes("bytes are left over");
  }

  #take(count: number): Uint8Array {
    const part = this.#bytes.subarray(this.#at, this.#at + count);
    if (part.length < count) throw badBytes("bytes are missing");
    this.#at += count;
    return part;
  }
}

export function badBytes(message: string): BadBytesError {
  return new PondError("BAD_BYTES", { kind: "corrupt", message });
}

/**
 * CRC-32 (IEEE), for messages and records, its bits turned so that nothing but zeros is no frame: a torn write may
 * leave a hole of zeros, and the plain CRC of nothing is zero.
 */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0x5a5a_5a5a) >>> 0;
}

const CRC_TABLE: readonly number[] = Array.from({ length: 256 }, (_, byte) => {
  let entry = byte;
  for (let bit = 0; bit < 8; bit++) entry = entry & 1 ? (entry >>> 1) ^ 0xedb8_8320 : entry >>> 1;
  return entry >>> 0;
});

/** `length crc payload`: what journal and network have in common. */
export const FRAME_HEADER_BYTES = 8;

export function frame(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length, true);
  view.setUint32(4, crc32(payload), true);
  bytes.set(payload, FRAME_HEADER_BYTES);
  return bytes;
}

/** The size of the frame that starts here, if its header is complete. */
export function frameBytes(bytes: Uint8Array): number | undefined {
  if (bytes.length < FRAME_HEADER_BYTES) return undefined;
  return FRAME_HEADER_BYTES + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

/** The payload of a complete frame; nothing if its checksum is wrong. */
export function unframe(bytes: Uint8Array): Uint8Array | undefined {
  const payload = bytes.subarray(FRAME_HEADER_BYTES);
  const expected = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
  return crc32(payload) === expected ? payload : undefined;
}
