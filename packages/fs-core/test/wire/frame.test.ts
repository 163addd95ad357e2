import { toHex } from "@smallpond/base";
import { JAVASCRIPT_CRC32C, newCrc32c } from "@smallpond/fs-native";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeFrameHeader, encodeFrame, FRAME_HEADER_BYTES, FRAME_KINDS } from "../../src/wire/frame.ts";

const CRC = JAVASCRIPT_CRC32C;

function broken(change: (bytes: Uint8Array) => void, fixChecksum = false): () => unknown {
  const bytes = encodeFrame(CRC, { kind: "ping", id: 1, message: Uint8Array.of(1) });
  change(bytes);
  if (fixChecksum) new DataView(bytes.buffer).setUint32(28, CRC.of(bytes.subarray(0, 28)), true);
  return () => decodeFrameHeader(CRC, bytes);
}

describe("frames", () => {
  test("keep their bytes", () => {
    const bytes = encodeFrame(CRC, {
      kind: "question",
      flags: 0x0102,
      id: 0x1_0000_0002,
      message: new TextEncoder().encode("123456789"),
      bulkBytes: 7,
    });
    expect(toHex(bytes)).toBe(
      "33465357" +
        "01" +
        "05" +
        "0201" +
        "0200000001000000" +
        "09000000" +
        "07000000" +
        "839206e3" +
        "d3b8e01c" +
        "313233343536373839",
    );
  });

  test("are the same by every checksum there is here", () => {
    const frame = { kind: "answer", id: 5, message: new Uint8Array(1000).fill(3) } as const;
    expect(encodeFrame(newCrc32c(), frame)).toEqual(encodeFrame(CRC, frame));
  });

  test("come back as they were", () => {
    const frames = fc.record({
      kind: fc.constantFrom(...FRAME_KINDS),
      flags: fc.nat(0xffff),
      id: fc.maxSafeNat(),
      message: fc.uint8Array({ maxLength: 50 }),
      bulkBytes: fc.nat(2 ** 31 - 1),
    });
    fc.assert(
      fc.property(frames, ({ message, ...rest }) => {
        const header = decodeFrameHeader(CRC, encodeFrame(CRC, { ...rest, message }));
        expect(header).toEqual({ ...rest, messageBytes: message.length, messageCrc: CRC.of(message) });
      }),
    );
  });

  test.each<readonly [string, () => unknown]>([
    ["magic", broken((bytes) => (bytes[0] = 0x47))],
    ["version", broken((bytes) => (bytes[4] = 2))],
    ["version", broken((bytes) => (bytes[4] = 2), true)],
    ["header checksum", broken((bytes) => (bytes[9] = 1))],
    ["kind", broken((bytes) => (bytes[5] = 99), true)],
    ["id", broken((bytes) => (bytes[15] = 1), true)],
  ])("of a wrong %s are refused", (reason, decode) => {
    expect(decode).toThrow(
      expect.objectContaining({ code: "BAD_FRAME", kind: "corrupt", details: { reason } }),
    );
  });

  test("with any bit turned over are refused", () => {
    const whole = encodeFrame(CRC, { kind: "question", id: 77, message: Uint8Array.of(1, 2, 3) });
    for (let bit = 0; bit < 8 * FRAME_HEADER_BYTES; bit++) {
      const bytes = whole.slice();
      bytes[bit >>> 3]! ^= 1 << (bit & 7);
      expect(() => decodeFrameHeader(CRC, bytes)).toThrow(expect.objectContaining({ code: "BAD_FRAME" }));
    }
  });
});
