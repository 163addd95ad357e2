import { openSync } from "node:fs";
import { adoptSharedMemory, openBufferPool } from "@smallpond/fs-native";
import { describe, expect, test } from "vitest";
import { missingNative } from "../missing-native.ts";

const MISSING = missingNative("memfdOpen");
const BYTES = 2 ** 20;

describe.skipIf(MISSING !== undefined)(`memory that others can be shown${MISSING ?? ""}`, () => {
  test("others see what is written to it, and cannot change it", async () => {
    using pool = openBufferPool({ showable: true, regionBytes: BYTES, bytesMax: BYTES });
    using lease = pool.tryTake(BYTES)!;
    const path = `/proc/self/fd/${lease.region.shown!.fd}`;
    using seen = await adoptSharedMemory(openSync(path, "r"));
    expect(seen.bytes).toBe(BYTES);
    const view = new Uint8Array(seen.region.buffer);
    for (const byte of [1, 2]) {
      lease.view.fill(byte);
      expect(view.every((each) => each === byte)).toBe(true);
    }
    await expect(adoptSharedMemory(openSync(path, "r+"), { writable: true })).rejects.toThrow(
      /cannot adopt shared memory/,
    );
  });

  test("other pools have none", () => {
    using pool = openBufferPool({ regionBytes: BYTES, bytesMax: BYTES });
    using lease = pool.tryTake(1)!;
    expect(lease.region.shown).toBeUndefined();
  });
});
