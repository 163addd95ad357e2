/** How an update is stored: in a block of its own, or as a patch of the block there is. */
import { describe, expect, test } from "vitest";
import { blockId } from "../../src/storage/blocks/block-id.ts";
import { NO_BLOCK } from "../../src/storage/model/chunk.ts";
import { planUpdate } from "../../src/storage/store/plan-update.ts";

const KiB = 1024;
const settings = { patchBytesMax: 64 * KiB, isShared: false };
/** 100 KiB in a block of 128. */
const current = { length: 100 * KiB, block: blockId(17, 0) };

function write(offset: number, length: number) {
  return { kind: "write", offset, bytes: new Uint8Array(length) } as const;
}

describe("a block of its own", () => {
  test.each([
    ["a new chunk", undefined, write(0, 10)],
    ["an empty chunk", { length: 0, block: NO_BLOCK }, write(0, 10)],
    ["an overwrite of more than 64 KiB", current, write(0, 80 * KiB)],
    ["a chunk that outgrows its block", current, write(100 * KiB, 29 * KiB)],
    ["an extension past the block", current, { kind: "truncate", length: 129 * KiB }],
  ] as const)("%s", (_, before, operation) => {
    expect(planUpdate(before, operation, settings)).toMatchObject({
      kind: "block",
      firstPage: 0,
      imagesEnd: 0,
    });
  });

  test("a block that another chunk has too is not changed", () => {
    const plan = planUpdate(current, write(0, 1), { ...settings, isShared: true });
    expect(plan).toMatchObject({ kind: "block", length: 100 * KiB, endPage: 25 });
  });
});

describe("a patch", () => {
  test.each([
    [
      "images of the pages it touches",
      write(4095, 2),
      { firstPage: 0, endPage: 2, imagesEnd: 2, length: 100 * KiB },
    ],
    ["64 KiB that begin anywhere", write(1, 64 * KiB), { firstPage: 0, endPage: 17, imagesEnd: 17 }],
    [
      "an append of whole pages has none",
      write(100 * KiB, 8 * KiB),
      { firstPage: 25, endPage: 27, imagesEnd: 25 },
    ],
    [
      "a gap is pages too",
      write(110 * KiB, 1),
      { firstPage: 25, endPage: 28, imagesEnd: 25, length: 110 * KiB + 1 },
    ],
    [
      "a cut to a page's end changes none",
      { kind: "truncate", length: 8 * KiB },
      { firstPage: 2, endPage: 2, length: 8 * KiB },
    ],
    [
      "a cut changes the checksum of its last page",
      { kind: "truncate", length: 5000 },
      { firstPage: 1, endPage: 2, imagesEnd: 1 },
    ],
    ["nothing is nothing", write(7, 0), { firstPage: 0, endPage: 0, length: 100 * KiB }],
  ] as const)("%s", (_, operation, expected) => {
    expect(planUpdate(current, operation, settings)).toMatchObject({ kind: "patch", ...expected });
  });

  test("an append to a partial page has an image of that page, and writes those behind it", () => {
    const partial = { length: 100 * KiB - 5, block: current.block };
    const plan = planUpdate(partial, write(partial.length, 9000), settings);
    expect(plan).toMatchObject({ kind: "patch", firstPage: 24, imagesEnd: 25, endPage: 28 });
  });
});
