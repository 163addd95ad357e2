import { expect, test } from "vitest";
import { StatementBuilder } from "../../src/planner/statement.ts";

test("parts come first, in the order they were added, and none gives the body alone", () => {
  expect(new StatementBuilder().template("SELECT 1")(0)).toBe("SELECT 1");
  const builder = new StatementBuilder();
  const one = builder.add("1", "SELECT 1 AS a", { cheap: false });
  const two = builder.add("2", `SELECT * FROM ${one}`, { cheap: false });
  expect(builder.template(`SELECT * FROM ${two}`)(0)).toBe(
    'WITH "__pond_1" AS NOT MATERIALIZED (SELECT 1 AS a),\n"__pond_2" AS NOT MATERIALIZED (SELECT * FROM "__pond_1")\nSELECT * FROM "__pond_2"',
  );
});

test("a part used twice is computed once, unless it is cheap", () => {
  const builder = new StatementBuilder();
  builder.add("dear", "SELECT random()", { cheap: false });
  builder.add("cheap", "SELECT 1", { cheap: true });
  expect(builder.use("dear")).toBe('"__pond_dear"');
  expect(builder.use("cheap")).toBe('"__pond_cheap"');
  expect(builder.use("missing")).toBeUndefined();
  const text = builder.template("SELECT 1")(0);
  expect(text).toContain('"__pond_dear" AS MATERIALIZED (');
  expect(text).toContain('"__pond_cheap" AS NOT MATERIALIZED (');
});

test("only what depends on the partition differs between partitions", () => {
  const builder = new StatementBuilder();
  builder.add("all", "SELECT 'all'", { cheap: true });
  builder.add("part", (i) => `SELECT ${i}`, { cheap: true });
  const template = builder.template("SELECT 2");
  expect([template(0), template(7)].map((text) => /SELECT \d\)/.exec(text)?.[0])).toEqual([
    "SELECT 0)",
    "SELECT 7)",
  ]);
  expect(template(7).replace("SELECT 7", "SELECT 0")).toBe(template(0));
});
