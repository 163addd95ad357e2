import { expect, test } from "vitest";
import { column, openWorld, partitionsOf } from "../support/world.ts";

test.each(["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "BOOLEAN", "DATE", "VARCHAR", "DOUBLE"])(
  "ranges can be cut by a %s, whose sort key may be shorter than a BLOB",
  async (type) => {
    await using world = await openWorld();
    const cast = type === "DATE" ? "DATE '2020-01-01' + (range % 50)::INTEGER" : `(range % 50)::${type}`;
    const path = await world.write("r.parquet", `SELECT range AS item, ${cast} AS k FROM range(100)`);
    const frame = world.sp.readParquet(path);
    const parts = await partitionsOf(world.sp, frame.repartition(3, { rangeBy: "k" }));
    expect(parts.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    const sorted = await column(frame.sort(["k DESC", "item"], { partitions: 4 }), "item");
    const expected = await world.plain.rows(`SELECT item FROM '${path}' ORDER BY k DESC, item`);
    expect(sorted).toEqual(expected.map((row) => Number(row.item)));
  },
);
