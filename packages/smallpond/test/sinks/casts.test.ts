/** What formats cannot hold, and what people say instead. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { failureOf } from "../support/failure.ts";
import { openWorld } from "../support/world.ts";

test.each([
  ["writeParquet", "101::BIT", "BIT"],
  ["writeParquet", "[TIMETZ '12:00:00+02']", "TIME WITH TIME ZONE"],
  ["writeParquet", "{'a': union_value(k := 1)}", "UNION"],
  ["writeCsv", "[1, 2]", "INTEGER[]"],
  ["writeCsv", "'x'::BLOB", "BLOB"],
  ["writeJson", "[{'a': 'x'::BLOB}]", "BLOB"],
  ["writeJson", "row(1, 'a')", "STRUCT"],
  ["writeJson", "MAP {[1]: 2}", "MAP"],
] as const)("%s refuses %s before any work, naming column, type and ways out", async (verb, sql, type) => {
  await using world = await openWorld();
  const frame = world.sp.sql(`SELECT ${sql} AS "odd 'col"`);
  const error = await failureOf(frame[verb](world.at("out")));
  expect(error.code).toBe("UNSUPPORTED_TYPE");
  expect(error.message).toContain(`"odd 'col"`);
  expect(error.message).toContain(type);
  expect(error.hint).toContain("casts");
  expect(await world.list("")).not.toContain("out");
});

test.each([
  ["writeParquet", "to_microseconds(1)", "millisecond"],
  ["writeParquet", "to_days(-1)", "negative"],
  ["writeParquet", "[to_hours(1200)]", "49 days"],
  ["writeParquet", "170141183460469231731687303715884105727::HUGEINT", "38"],
  ["writeParquet", "'infinity'::TIMESTAMP_MS", "infinite"],
  ["writeJson", "'nan'::DOUBLE", "JSON"],
  ["writeJson", "{'a': ['-inf'::FLOAT]}", "JSON"],
] as const)("%s of %s fails in the query, naming the column and the value", async (verb, sql, why) => {
  await using world = await openWorld();
  const frame = world.sp.sql(`SELECT CASE WHEN range = 2999 THEN ${sql} END AS v FROM range(3000)`);
  const error = await failureOf(frame[verb](world.at("out")));
  expect(error.code).toBe("UNSUPPORTED_VALUE");
  expect(error.message).toContain('column "v"');
  expect(error.message).toContain(why);
  expect((await world.list("")).filter((name) => name.includes("out"))).toEqual([]);
});

test('casts: "text" writes text for what the format has no form for, and nothing else', async () => {
  await using world = await openWorld();
  const frame = world.sp.sql(
    "SELECT 1 AS n, '101'::BIT AS b, [TIMETZ '12:00:00+02'] AS t, union_value(k := 7) AS u, 12::BIGNUM AS big",
  );
  await frame.writeParquet(world.at("o.parquet"), { casts: "text" });
  expect(await world.plain.rows(`SELECT * FROM '${world.at("o.parquet")}'`)).toEqual([
    { n: 1, b: "101", t: ["12:00:00+02"], u: '{"k":7}', big: "12" },
  ]);
  const nested = world.sp.sql(
    "SELECT [1.5, NULL] AS l, {'a': '\\x00\\xFF'::BLOB, 'j': '{\"x\": 1.50}'::JSON} AS s, '\\x00\\xFF'::BLOB AS b",
  );
  await nested.writeCsv(world.at("o.csv"), { casts: "text" });
  expect(readFileSync(world.at("o.csv"), "utf8")).toBe(
    'l,s,b\n"[1.5,null]","{""a"":""AP8="",""j"":{""x"": 1.50}}",AP8=\n',
  );
  await nested.writeJson(world.at("o.json"), { casts: "text" });
  expect(readFileSync(world.at("o.json"), "utf8")).toBe(
    '{"l":[1.5,null],"s":{"a":"AP8=","j":{"x": 1.50}},"b":"AP8="}\n',
  );
});

test("casts by column are casts", async () => {
  await using world = await openWorld();
  const frame = world.sp.sql("SELECT '101'::BIT AS b, 1 AS n");
  await frame.writeParquet(world.at("o.parquet"), { casts: { b: "VARCHAR", n: "DECIMAL(9,2)" } });
  const described = await world.plain.rows(`DESCRIBE SELECT * FROM '${world.at("o.parquet")}'`);
  expect(described.map((row) => row.column_type)).toEqual(["VARCHAR", "DECIMAL(9,2)"]);
  const wrong = frame.writeParquet(world.at("p.parquet"), { casts: { nope: "VARCHAR" } });
  expect((await failureOf(wrong)).message).toContain("nope");
});

test("numbers stay exact in JSON: long ones, fractions, and those inside of JSON", async () => {
  await using world = await openWorld();
  await world.sp
    .sql(
      `SELECT 12345678901234567890123456789012345678::DECIMAL(38,0) AS d, 0.5::DECIMAL(2,2) AS f,
       [-0.25::DECIMAL(2,2)] AS l, '{"x":\n 1234567890123456789012345.50}'::JSON AS j`,
    )
    .writeJson(world.at("o.json"));
  expect(readFileSync(world.at("o.json"), "utf8")).toBe(
    '{"d":12345678901234567890123456789012345678,"f":0.50,"l":[-0.25],"j":{"x":  1234567890123456789012345.50}}\n',
  );
});
