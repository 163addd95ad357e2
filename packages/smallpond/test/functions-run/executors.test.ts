/** Functions in executor processes: the same results as in the session's own process, and the same errors. */
import { type Table, tableFromArrays } from "apache-arrow";
import { expect, test } from "vitest";
import type { DataFrame } from "../../src/index.ts";
import { failureOf } from "../support/failure.ts";
import { hundredRows, multiset, openWorld, type World } from "../support/world.ts";

const PLACES = [0, 1, 2];

async function frames(world: World): Promise<DataFrame[]> {
  const frame = world.sp.readParquet(await hundredRows(world));
  return [frame, frame.repartition(3, { byRows: true }), frame.repartition(3, { hashBy: "item" })];
}

test.each(PLACES)(
  "map, flatMap, filter and mapBatches give the same with %i executors",
  async (numExecutors) => {
    await using world = await openWorld({ numExecutors });
    for (const frame of await frames(world)) {
      const mapped = frame.map((row) => ({ item: row.item as number, text: `${String(row.g)}!` }));
      expect((await multiset(mapped)).length).toBe(100);
      expect(await mapped.filter("text = 'g3!'").count()).toBe(14);
      expect(await frame.flatMap((row) => [row, row]).count()).toBe(200);
      expect(await frame.filter((row) => (row.item as number) % 2 === 0).count()).toBe(50);
      const doubled = frame.mapBatches((table: Table) => table);
      expect(await multiset(doubled)).toEqual(await multiset(frame));
    }
    expect(world.sp.executorPids.length).toBe(numExecutors);
  },
);

test("a function throws in an executor: its line, its row and its file are named", async () => {
  await using world = await openWorld({ numExecutors: 1 });
  const frame = world.sp.readParquet(await hundredRows(world)).map((row) => {
    if (row.item === 57) throw new TypeError("fifty-seven");
    return { y: row.item! };
  });
  const error = await failureOf(frame.takeAll());
  expect(error.code).toBe("FUNCTION_FAILED");
  expect(error.message).toContain("threw at row 7 of ");
  expect(error.message).toContain("b.parquet");
  expect(error.message).toContain("fifty-seven");
  expect(error.message).toMatch(/thrown at .*executors\.test\.ts:\d+/);
  expect(error.details).toMatchObject({ row: 57, fileRow: 7, partition: 0 });
});
void tableFromArrays;
