/** Invariant S3: a kept result says truly how it is divided. */
import { expect, test } from "vitest";
import { failureOf } from "../support/failure.ts";
import { column, hundredRows, openWorld } from "../support/world.ts";

const JOIN = "SELECT count(*) AS n FROM {0} a JOIN {1} b ON a.item = b.item";
const sum = (counts: readonly number[]): number => counts.reduce((total, n) => total + n, 0);

test("a kept random shuffle is not taken for the division below it", async () => {
  await using world = await openWorld();
  const even = world.sp.readParquet(await hundredRows(world)).repartition(4, { byRows: true });
  const shuffled = even.randomShuffle({ seed: 1 });
  await shuffled.compute();
  const error = await failureOf(world.sp.partialSql(JOIN, shuffled, even).takeAll());
  expect(error.code).toBe("PARTITIONING_MISMATCH");
});

test("a frame kept above a random shuffle is not taken for the division below it", async () => {
  await using world = await openWorld();
  const even = world.sp.readParquet(await hundredRows(world)).repartition(4, { byRows: true });
  const shuffled = even.randomShuffle({ seed: 1 }).filter("true");
  await shuffled.compute();
  const error = await failureOf(world.sp.partialSql(JOIN, shuffled, even).takeAll());
  expect(error.code).toBe("PARTITIONING_MISMATCH");
});

test("a kept random shuffle of hashed rows is not hashed any more", async () => {
  await using world = await openWorld();
  const hashed = world.sp.readParquet(await hundredRows(world)).repartition(4, { hashBy: "item" });
  const shuffled = hashed.randomShuffle({ seed: 1 });
  await shuffled.compute();
  const error = await failureOf(world.sp.partialSql(JOIN, shuffled, hashed).takeAll());
  expect(error.code).toBe("PARTITIONING_MISMATCH");
});

test("a kept sort in ranges can be taken with itself partition by partition, and with nothing else", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world));
  const sorted = frame.sort("item DESC", { partitions: 4 });
  await sorted.compute();
  expect(sum(await column(world.sp.partialSql(JOIN, sorted, sorted.filter("true")), "n"))).toBe(100);
  const other = frame.repartition(4, { hashBy: "item" });
  expect((await failureOf(world.sp.partialSql(JOIN, sorted, other).takeAll())).code).toBe(
    "PARTITIONING_MISMATCH",
  );
});

test("a kept join in partitions is not taken for a frame of one partition", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world));
  const joined = frame.join(frame.select("item"), { on: "item", partitions: 4 });
  await joined.compute();
  expect(sum(await column(world.sp.partialSql(JOIN, joined, joined.filter("true")), "n"))).toBe(100);
  const other = frame.repartition(4, { byRows: true });
  expect((await failureOf(world.sp.partialSql(JOIN, joined, other).takeAll())).code).toBe(
    "PARTITIONING_MISMATCH",
  );
  expect((await failureOf(world.sp.partialSql(JOIN, other, joined).takeAll())).code).toBe(
    "PARTITIONING_MISMATCH",
  );
});

test("a join in partitions that was not kept is not taken for a frame of one partition either", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world));
  const joined = frame.join(frame.select("item"), { on: "item", partitions: 4 });
  const other = frame.repartition(4, { byRows: true });
  expect((await failureOf(world.sp.partialSql(JOIN, other, joined).takeAll())).code).toBe(
    "PARTITIONING_MISMATCH",
  );
});

test("a join in partitions over sides that are hashed by other columns hashes them again", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world));
  const left = frame.repartition(3, { hashBy: "g" });
  const right = frame.select("item", "item * 2 AS twice").repartition(5, { hashBy: "twice" });
  expect(await left.join(right, { on: "item", partitions: 4 }).count()).toBe(100);
  const kept = world.sp.partialSql("SELECT * FROM {0}", left);
  expect(await kept.join(right, { on: "item", partitions: 4 }).count()).toBe(100);
});

test("a division that was dropped as unobserved below a kept frame is not believed later", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world)).repartition(4, { hashBy: "item" });
  const kept = frame.filter("item < 50");
  await kept.compute();
  await frame.compute();
  expect(sum(await column(world.sp.partialSql(JOIN, kept, frame), "n"))).toBe(50);
});

test("rows dealt at random are the same rows in every frame made from them", async () => {
  await using world = await openWorld();
  const dealt = world.sp.readParquet(await hundredRows(world)).repartition(4, { random: true });
  const kept = dealt.filter("item < 50");
  await kept.compute();
  // The second plan deals anew unless it finds the first deal, and then the parts do not belong together.
  const joined = world.sp.partialSql(JOIN, kept, dealt);
  const outcome = await column(joined, "n").then(sum, (error: { code: string }) => error.code);
  expect([50, "PARTITIONING_MISMATCH"]).toContain(outcome);
});

test("rows of a query with random() that were divided by rows and kept in part are not divided anew", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const drawn = sp
    .sql("SELECT range AS item FROM range(100) ORDER BY random()")
    .repartition(4, { byRows: true });
  const kept = drawn.filter("item < 50");
  await kept.compute();
  const joined = sp.partialSql(JOIN, kept, drawn);
  const outcome = await column(joined, "n").then(sum, (error: { code: string }) => error.code);
  expect([50, "PARTITIONING_MISMATCH"]).toContain(outcome);
});

test("a random shuffle that two kept frames are made from was dealt once", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const shuffled = sp
    .readParquet(await hundredRows(world))
    .repartition(4, { byRows: true })
    .randomShuffle();
  const low = shuffled.filter("item < 50");
  await low.compute();
  await shuffled.compute();
  const outcome = await column(sp.partialSql(JOIN, low, shuffled), "n").then(
    sum,
    (error: { code: string }) => error.code,
  );
  expect([50, "PARTITIONING_MISMATCH"]).toContain(outcome);
});

test("recompute deals a random shuffle anew", async () => {
  await using world = await openWorld();
  const path = await world.write("s.parquet", "SELECT range AS item FROM range(200)");
  const shuffled = world.sp.readParquet(path).repartition(4, { byRows: true }).randomShuffle();
  const dealt = async (): Promise<unknown> =>
    JSON.stringify(await column(world.sp.partialSql("SELECT sum(item) AS s FROM {0}", shuffled), "s"));
  await shuffled.compute();
  const first = await dealt();
  expect(await dealt()).toBe(first);
  await shuffled.recompute();
  expect(await dealt()).not.toBe(first);
});

test("a join in partitions over sides hashed alike by other columns loses no rows", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world));
  const left = frame.repartition(4, { hashBy: "item // 7" });
  const right = frame.select("item").repartition(4, { hashBy: "item // 3" });
  expect(await left.join(right, { on: "item", partitions: 4 }).count()).toBe(100);
});

test("a join in one partition takes sides that are divided in any way", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world));
  const left = world.sp.partialSql("SELECT * FROM {0}", frame.repartition(3, { byRows: true }));
  const right = world.sp.partialSql("SELECT item FROM {0}", frame.repartition(4, { hashBy: "g" }));
  const joined = left.join(right, { on: "item", partitions: 1 });
  expect(joined.partitions).toBe(1);
  expect(await joined.count()).toBe(100);
});

test.each(["randomShuffle", "sort"] as const)(
  "files that changed are read again below a %s that was kept",
  async (verb) => {
    await using world = await openWorld();
    const path = await world.write("c.parquet", "SELECT range AS item FROM range(10)");
    const even = world.sp.readParquet(path).repartition(2, { byRows: true });
    const frame = verb === "sort" ? even.sort("item", { partitions: 2 }) : even.randomShuffle();
    const total = async (): Promise<number> =>
      sum(await column(world.sp.partialSql("SELECT sum(item) AS s FROM {0}", frame), "s"));
    expect(await total()).toBe(45);
    await world.disk.removeTree(path);
    await world.write("c.parquet", "SELECT range + 100 AS item FROM range(10)");
    expect(await total()).toBe(1045);
  },
);

test("a kept frame that is divided is divided again in ranges from its kept rows", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world));
  for (const options of [{ rangeBy: "item" }, { hashBy: "item" }, { byRows: true }]) {
    const kept = await frame.repartition(3, { by: "item % 3" }).repartition(3, options).compute();
    expect(
      await world.sp.partialSql("SELECT * FROM {0}", kept.repartition(2, { rangeBy: "g" })).count(),
    ).toBe(100);
    const again = await kept
      .repartition(4, { byRows: true })
      .repartition(5, { rangeBy: "item DESC" })
      .compute();
    expect(await again.count()).toBe(100);
  }
});

test("what lies below a kept frame is not lined up again", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await hundredRows(world));
  const left = frame.repartition(5, { rangeBy: "item" });
  const right = frame.repartition(3, { hashBy: "g" });
  const sorted = left.join(right, { on: "item", partitions: 2 }).partialSort("item");
  await sorted.compute();
  expect(await world.sp.sql("SELECT * FROM {0}", sorted).count()).toBe(100);
  expect(sum(await column(world.sp.partialSql("SELECT count(*) AS n FROM {0}", sorted), "n"))).toBe(100);
});
