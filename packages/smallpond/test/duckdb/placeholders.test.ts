import { expect, test } from "vitest";
import { splitPlaceholders, undeclaredPlaceholders, withoutEnd } from "../../src/duckdb/placeholders.ts";

const found = (sql: string, ...names: string[]): string[] =>
  splitPlaceholders(sql, new Set(names)).flatMap((piece) =>
    piece.kind === "placeholder" ? [piece.text] : [],
  );

test.each([
  ["SELECT * FROM {0}", ["0"]],
  ["SELECT {0}.a, {1}.b FROM {0}, {1}", ["0", "1", "0", "1"]],
  ["SELECT * FROM {0}{1}", ["0", "1"]],
  ["SELECT {'a': 1, 'b': {'c': 2}} FROM {0}", ["0"]],
  ["SELECT {a: 1} FROM {0}", ["0"]],
  ["SELECT '{0}' || 'it''s {0}' FROM {0}", ["0"]],
  ['SELECT "{0}" || "a""{0}" FROM {0}', ["0"]],
  ["SELECT e'\\'{0}' FROM {0}", ["0"]],
  ["SELECT name'{0}' FROM {0}", ["0"]],
  ["SELECT '\\' FROM {0}", ["0"]],
  ["SELECT $${0}$$, $tag$ {0} $$ {0} $tag$ FROM {0}", ["0"]],
  ["SELECT $1, {0} FROM t", ["0"]],
  ["SELECT 1 -- {0}\nFROM {0}", ["0"]],
  ["SELECT 1 -- {0}", []],
  ["SELECT /* {0} /* {0} */ {0} */ 1 FROM {0}", ["0"]],
  ["SELECT /* never closed {0}", []],
  ["SELECT 'never closed {0}", []],
  ["SELECT {{0}} FROM {0}", ["0", "0"]],
  ["SELECT { 0 } FROM {0}", ["0"]],
  ["SELECT * FROM {2}", []],
  ["", []],
])("%j has the placeholders %j", (sql, names) => {
  expect(found(sql, "0", "1")).toEqual(names);
});

test("names are told apart from names that begin alike", () => {
  expect(found("SELECT * FROM {a} JOIN {ab} JOIN {b} JOIN {A}", "a", "ab")).toEqual(["a", "ab"]);
});

test("pieces joined again are the query", () => {
  const sql = "SELECT '{0}', {0}.x -- {0}\nFROM {0} WHERE {1} = {'a': 1}";
  const pieces = splitPlaceholders(sql, new Set(["0"]));
  expect(pieces.map((piece) => (piece.kind === "sql" ? piece.text : `{${piece.text}}`)).join("")).toBe(sql);
});

test("braces with one name that nobody declared are told, struct literals are not", () => {
  expect(undeclaredPlaceholders("SELECT {x}, {a: 1}, {'b': 2}, '{c}', {0} FROM {9}", new Set(["0"]))).toEqual(
    ["x", "9"],
  );
});

test.each([
  ["SELECT 1;", "SELECT 1"],
  ["SELECT 1; -- that is all", "SELECT 1"],
  ["SELECT 1 /* one */ ;; \n", "SELECT 1 /* one */ "],
  ["SELECT ';' -- ;", "SELECT ';' -- ;"],
  ["SELECT ';';", "SELECT ';'"],
  ["SELECT 1; SELECT 2;", "SELECT 1; SELECT 2"],
])("the semicolon that ends %j goes", (sql, rest) => {
  expect(withoutEnd(sql)).toBe(rest);
});
