import { expect, test } from "vitest";
import { withoutEnd } from "../src/sql/query-text.ts";
import { isComplete } from "../src/sql/statement-end.ts";

test.each([
  ["SELECT 1;", true],
  ["SELECT 1; -- done", true],
  ["SELECT 1; /* done */ ", true],
  ["SELECT 1", false],
  ["SELECT ';", false],
  ["SELECT ';'", false],
  ["SELECT 'it''s';", true],
  ['SELECT ";', false],
  ["SELECT 1 -- ;", false],
  ["SELECT $$ ; $$", false],
  ["SELECT $x$ ; $$ $x$;", true],
])("%s is complete: %s", (text, complete) => {
  expect(isComplete(text)).toBe(complete);
});

test.each([
  ["SELECT 1 ; ;\n", "SELECT 1"],
  ["SELECT ';' -- ;", "SELECT ';' -- ;"],
  ["SELECT 1; -- done", "SELECT 1"],
  ["SELECT 1; SELECT 2;", "SELECT 1; SELECT 2"],
  [" ; ", ""],
])("%s ends where its last statement ends", (text, query) => {
  expect(withoutEnd(text)).toBe(query);
});
