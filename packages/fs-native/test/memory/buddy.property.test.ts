import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { BuddyAllocator } from "../../src/memory/buddy.ts";

const REGION = 2 ** 20;
const BLOCK = 4_096;

test.prop([
  fc.array(fc.record({ take: fc.integer({ min: 1, max: REGION }), give: fc.nat() }), { maxLength: 300 }),
])("blocks never overlap, are aligned to their size, and merge back into one", (steps) => {
  const allocator = new BuddyAllocator({ regionBytes: REGION, blockBytesMin: BLOCK });
  const held: { offset: number; bytes: number }[] = [];
  for (const { take, give } of steps) {
    const bytes = give % 3 === 0 ? take : (take % (8 * BLOCK)) + 1;
    const offset = allocator.take(bytes);
    if (offset !== undefined) {
      expect(offset % allocator.blockBytes(bytes)).toBe(0);
      held.push({ offset, bytes });
    }
    if (give % 2 === 0 && held.length > 0) {
      const [back] = held.splice(give % held.length, 1);
      allocator.give(back!.offset, back!.bytes);
    }
    expectApart(held.map((one) => ({ ...one, bytes: allocator.blockBytes(one.bytes) })));
    const used = held.reduce((sum, one) => sum + allocator.blockBytes(one.bytes), 0);
    expect(allocator.freeBytes).toBe(REGION - used);
  }
  for (const { offset, bytes } of held) allocator.give(offset, bytes);
  expect(allocator.take(REGION)).toBe(0);
});

function expectApart(blocks: readonly { readonly offset: number; readonly bytes: number }[]): void {
  const sorted = blocks.toSorted((a, b) => a.offset - b.offset);
  sorted.forEach((block, i) => {
    expect(block.offset + block.bytes).toBeLessThanOrEqual(sorted[i + 1]?.offset ?? REGION);
  });
}
