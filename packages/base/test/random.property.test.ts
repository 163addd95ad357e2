import { fc, test } from "@fast-check/vitest";
import { type Random, SeededRandom, splitMix64, xoshiro128starstar } from "@smallpond/base";
import { NodeRandom } from "@smallpond/base/platform/node";
import { describe, expect } from "vitest";

function draw<T>(count: number, next: () => T): T[] {
  return Array.from({ length: count }, next);
}

test("xoshiro128** gives the numbers of its reference implementation", () => {
  // The vector of rand_xoshiro, made with xoshiro128starstar.c 1.1 from the state 1, 2, 3, 4.
  expect(draw(10, xoshiro128starstar([1, 2, 3, 4]))).toEqual([
    11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
  ]);
});

test("SplitMix64 gives the numbers of its reference implementation", () => {
  expect(draw(4, splitMix64(1477776061723855037n))).toEqual([
    1985237415132408290n,
    2979275885539914483n,
    13511426838097143398n,
    8488337342461049707n,
  ]);
});

test("a seed gives the same stream in every release", () => {
  const random = new SeededRandom("smallpond");
  expect([
    random.u64(),
    random.int(1000),
    random.next(),
    random.uuid(),
    random.fork("a").u64(),
  ]).toMatchInlineSnapshot(`
    [
      999743692891571010n,
      927,
      0.4062011361494646,
      "d0282d1c-82fe-4ef3-b5c2-b1decf2e1aa0",
      1788814931998257478n,
    ]
  `);
});

const seeds = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.maxSafeInteger(), fc.string());

test.prop([seeds])("one seed, one stream", (seed) => {
  const [a, b] = [new SeededRandom(seed), new SeededRandom(seed)];
  expect(draw(5, () => a.u32())).toEqual(draw(5, () => b.u32()));
});

test.prop([seeds, fc.nat({ max: 20 }), fc.string()])(
  "a fork depends on seed and label alone",
  (seed, drawn, label) => {
    const random = new SeededRandom(seed);
    const early = random.fork(label).u64();
    draw(drawn, () => random.u32());
    expect(random.fork(label).u64()).toBe(early);
    expect(random.fork(`${label}!`).u64()).not.toBe(early);
    expect(new SeededRandom(seed).u64()).not.toBe(early);
  },
);

const generators: readonly [string, (seed: number) => Random][] = [
  ["SeededRandom", (seed) => new SeededRandom(seed)],
  ["NodeRandom", () => new NodeRandom()],
];

describe.each(generators)("%s", (_, create) => {
  test.prop([fc.nat(), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })])(
    "stays in its bounds",
    (seed, bound) => {
      const random = create(seed);
      const int = random.int(bound);
      expect(Number.isSafeInteger(int) && int >= 0 && int < bound).toBe(true);
      const next = random.next();
      expect(next >= 0 && next < 1).toBe(true);
      expect(random.u64() < 2n ** 64n).toBe(true);
    },
  );

  test.prop([fc.nat(), fc.nat({ max: 40 })])("gives as many bytes as asked", (seed, count) => {
    expect(create(seed).bytes(count)).toHaveLength(count);
  });

  test("uuids are version 4 and differ", () => {
    const random = create(1);
    const uuids = draw(50, () => random.uuid());
    expect(new Set(uuids).size).toBe(50);
    for (const uuid of uuids)
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test("small integers come equally often", () => {
    const random = create(7);
    const counts = [0, 0, 0];
    for (let round = 0; round < 30_000; round++) counts[random.int(3)]! += 1;
    // Six standard deviations: sqrt(30000 * 1/3 * 2/3) is 82.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(490);
  });

  test("bounds that are no positive safe integers are refused", () => {
    for (const bound of [0, -1, 1.5, 2 ** 53, Number.NaN])
      expect(() => create(1).int(bound)).toThrow("bound");
  });
});
