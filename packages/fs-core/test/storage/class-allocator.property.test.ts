/** The bitmap of one class against a set of numbers. */
import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { ClassAllocator, GROUP_BLOCKS } from "../../src/storage/blocks/class-allocator.ts";

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("take" as const), near: fc.option(fc.nat(700)) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("give" as const), which: fc.nat(1000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("grow" as const), by: fc.nat(400) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("shrink" as const) }) },
);

test.prop([fc.array(step, { maxLength: 300 })])("blocks are given once, and all there are", (steps) => {
  const allocator = new ClassAllocator();
  const used = new Set<number>();
  let capacity = 0;
  for (const each of steps) {
    if (each.kind === "grow") {
      capacity += each.by;
      allocator.grow(capacity);
    }
    if (each.kind === "take") {
      const block = allocator.take(each.near ?? undefined);
      expect(block === undefined).toBe(used.size === capacity);
      if (block !== undefined) {
        expect(used.has(block)).toBe(false);
        expect(block).toBeLessThan(capacity);
        used.add(block);
      }
    }
    if (each.kind === "give" && used.size > 0) {
      const block = [...used][each.which % used.size]!;
      allocator.give(block);
      used.delete(block);
    }
    if (each.kind === "shrink") {
      const free = allocator.freeAtEnd();
      expect(free).toBe(capacity - 1 - Math.max(-1, ...used));
      capacity -= free;
      allocator.shrink(capacity);
    }
    expect(allocator.used).toBe(used.size);
    expect(allocator.free).toBe(capacity - used.size);
  }
});

test("the fullest group that has room is filled first, and the emptiest are named", () => {
  const allocator = new ClassAllocator();
  allocator.grow(3 * GROUP_BLOCKS);
  for (let block = 0; block < GROUP_BLOCKS; block++) allocator.mark(GROUP_BLOCKS + block);
  allocator.give(GROUP_BLOCKS + 7);
  allocator.mark(2 * GROUP_BLOCKS);
  expect(allocator.take()).toBe(GROUP_BLOCKS + 7);
  expect(allocator.take()).toBe(2 * GROUP_BLOCKS + 1);
  expect(allocator.emptiest(5)).toEqual([{ group: 2, used: 2 }]);
});

test("a neighbour is preferred to the fullest group", () => {
  const allocator = new ClassAllocator();
  allocator.grow(2 * GROUP_BLOCKS);
  allocator.mark(0);
  allocator.mark(GROUP_BLOCKS);
  expect(allocator.take(GROUP_BLOCKS)).toBe(GROUP_BLOCKS + 1);
});
