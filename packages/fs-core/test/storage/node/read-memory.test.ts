import { describe, expect, it } from "vitest";
import { HeapBuffers } from "../../../src/storage/blocks/page-buffers.ts";
import { joined, ReadMemory } from "../../../src/storage/node/read-memory.ts";

const KIB = 1024;

describe("memory for the items of one question", () => {
  it("is one piece for all small items, and large ones take their own", async () => {
    const buffers = new HeapBuffers();
    const memory = new ReadMemory([
      { offset: 0, length: 4 * KIB },
      { offset: 0, length: 1024 * KIB },
      { offset: 4 * KIB - 1, length: 2 },
      { offset: 0, length: 0 },
    ]);
    // Four of 4 KiB, as three would take, and the large one.
    expect(memory.bytes).toBe((16 + 1024) * KIB);
    await memory.take(buffers);
    expect(buffers.held).toBe(1);
    expect(memory.of(0)!.length).toBe(4 * KIB);
    expect(memory.of(1)).toBeUndefined();
    expect(memory.of(2)!.byteOffset).toBe(4 * KIB);
    expect(memory.of(2)!.length).toBe(8 * KIB);
    expect(memory.of(3)).toBeUndefined();
    memory.release();
    expect(buffers.held).toBe(0);
  });

  it("is nothing where nothing is small, and giving it back changes nothing", async () => {
    const buffers = new HeapBuffers();
    const memory = new ReadMemory([{ offset: 0, length: 1024 * KIB }]);
    await memory.take(buffers);
    expect(buffers.held).toBe(0);
    expect(memory.of(0)).toBeUndefined();
    memory.release();
  });

  it("is not more than an answer of small items has, whoever asks for how many", () => {
    const items = Array.from({ length: 1000 }, () => ({ offset: 0, length: 64 * KIB }));
    expect(new ReadMemory(items).bytes).toBe(1000 * 64 * KIB);
  });
});

describe("pieces of an answer", () => {
  it("are one where they lie side by side, and the same bytes in the same order", () => {
    const a = Uint8Array.from({ length: 16 }, (_, at) => at);
    const b = Uint8Array.of(100, 101);
    const pieces = [a.subarray(0, 4), a.subarray(4, 8), a.subarray(9, 10), b, a.subarray(10, 12)];
    const wholes = joined(pieces);
    expect(wholes.map(({ length }) => length)).toEqual([8, 1, 2, 2]);
    expect(wholes.flatMap((each) => [...each])).toEqual(pieces.flatMap((each) => [...each]));
  });
});
