import { expect, test } from "vitest";
import { column, openWorld } from "../support/world.ts";

test("SQL that DuckDB parses but cannot serialize runs like any other: ENUM('a', 'b')[]", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const cast = "CAST(['a', 'b'] AS ENUM('a', 'b')[])";
  const made = sp.sql(`SELECT range AS item, ${cast} AS e FROM range(10)`);
  expect((await made.take(1))[0]).toEqual({ item: 0, e: ["a", "b"] });
  const parts = made.repartition(2, { hashBy: "item" });
  expect(await column(made.select("item", `${cast} AS f`).sort("item").limit(2), "item")).toEqual([0, 1]);
  expect(await made.filter(`${cast}[1] = 'a'`).count()).toBe(10);
  expect(await sp.partialSql(`SELECT *, ${cast} AS f FROM {0}`, parts).count()).toBe(10);
});

test("a frame read twice by SQL that cannot be serialized is still computed once", async () => {
  await using world = await openWorld();
  const drawn = world.sp.sql("SELECT random() AS r FROM range(50)");
  const query =
    "SELECT count(*) AS n FROM {0} a JOIN {0} b USING (r) WHERE ['a'::ENUM('a')]::ENUM('a')[] IS NOT NULL";
  expect(await column(world.sp.sql(query, drawn), "n")).toEqual([50]);
});
