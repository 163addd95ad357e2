/** The packed index against a sorted array. */
import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import type { ChainVersion, InodeId } from "../../src/ids.ts";
import { blockId } from "../../src/storage/blocks/block-id.ts";
import { ChunkIndex, keyAfter } from "../../src/storage/index/chunk-index.ts";
import { RECORD_WORDS } from "../../src/storage/index/packed.ts";
import {
  type ChunkKey,
  type CommittedChunk,
  compareKeys,
  keyText,
  NO_BLOCK,
} from "../../src/storage/model/chunk.ts";

const inodes = [1n, 2n, 0xffff_ffffn, 0x1_0000_0000n, 2n ** 63n - 1n] as InodeId[];
const key: fc.Arbitrary<ChunkKey> = fc.record({
  inode: fc.constantFrom(...inodes),
  dataVersion: fc.constantFrom(1, 2, 0xffff_ffff),
  chunk: fc.oneof(fc.nat(400), fc.constant(0xffff_ffff)),
});
const chunk: fc.Arbitrary<CommittedChunk> = fc.record({
  version: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant(Number.MAX_SAFE_INTEGER)),
  chainVersion: fc.integer({ min: 1, max: 0xffff_ffff }) as fc.Arbitrary<ChainVersion>,
  length: fc.nat(2 ** 26),
  crc: fc.integer({ min: 0, max: 0xffff_ffff }),
  block: fc.oneof(
    fc.constant(NO_BLOCK),
    fc
      .tuple(fc.integer({ min: 12, max: 26 }), fc.integer({ min: 0, max: 0xffff_ffff }))
      .map(([c, i]) => blockId(c, i)),
  ),
});
const step = fc.record({ key, chunk, remove: fc.boolean(), times: fc.integer({ min: 1, max: 300 }) });

test.prop([fc.array(step, { maxLength: 40 })], { numRuns: 60 })("holds what was put, in order", (steps) => {
  const index = new ChunkIndex();
  const model = new Map<string, { key: ChunkKey; chunk: CommittedChunk }>();
  for (const each of steps) {
    for (let n = 0; n < each.times; n++) {
      const at = { ...each.key, chunk: (each.key.chunk + n * 7) % 2 ** 32 };
      if (each.remove) {
        expect(index.delete(at)).toBe(model.delete(keyText(at)));
      } else {
        index.put(at, each.chunk);
        model.set(keyText(at), { key: at, chunk: each.chunk });
      }
    }
    const sorted = [...model.values()].sort((a, b) => compareKeys(a.key, b.key));
    expect(index.size).toBe(sorted.length);
    index.assertOrdered();
    expect(index.get(each.key)).toEqual(model.get(keyText(each.key))?.chunk);
    const behind = sorted.filter((entry) => compareKeys(entry.key, each.key) >= 0);
    expect(index.pageFrom(each.key, 5)).toEqual(behind.slice(0, 5));
    const ofFile = sorted.filter(
      ({ key: k }) => k.inode === each.key.inode && k.dataVersion === each.key.dataVersion,
    );
    expect(index.lastOf(each.key)).toEqual(ofFile.at(-1));
  }
  const sorted = [...model.values()].sort((a, b) => compareKeys(a.key, b.key));
  expect([...index.from()]).toEqual(sorted);
  const copy = new ChunkIndex();
  let from: ChunkKey | undefined;
  for (;;) {
    const words = index.packedFrom(from, 100);
    if (words.length === 0) break;
    copy.appendPacked(words);
    from = keyAfter(sorted[copy.size - 1]!.key);
    expect(words.length % RECORD_WORDS).toBe(0);
  }
  expect([...copy.from()]).toEqual(sorted);
});
