import { describe, expect, it } from "vitest";
import { replacePaths, statementPaths } from "../../../src/storage/remote/statement-paths.ts";

const found = (sql: string): unknown[] =>
  statementPaths(sql).map(({ url, reader, inList, rows }) => [url, reader, inList, rows]);

describe("URLs in the place of files", () => {
  it("are found as the first argument of functions that read files, alone and in lists", () => {
    expect(found("SELECT * FROM read_parquet(['3fs://h:1/a', '3fs://h:1/b'], union_by_name = true)")).toEqual(
      [
        ["3fs://h:1/a", "read_parquet", true, undefined],
        ["3fs://h:1/b", "read_parquet", true, undefined],
      ],
    );
    expect(found("SELECT * FROM Read_CSV ( '3fs://h:1/it''s.csv' )")).toEqual([
      ["3fs://h:1/it's.csv", "read_csv", false, undefined],
    ]);
  });

  it("are found in place of tables, and behind COPY's TO", () => {
    expect(
      found("COPY (SELECT * FROM '3fs://h:1/a.parquet' JOIN '3fs://h:1/b.csv' USING (x)) TO '3fs://h:1/c'"),
    ).toEqual([
      ["3fs://h:1/a.parquet", "from", false, undefined],
      ["3fs://h:1/b.csv", "from", false, undefined],
      ["3fs://h:1/c", "copy", false, undefined],
    ]);
  });

  it("are found with the rows that are asked for right behind", () => {
    const sql =
      "SELECT a FROM read_parquet(['3fs://h:1/a']) WHERE file_row_number >= 5 AND file_row_number < 9";
    expect(found(sql)).toEqual([["3fs://h:1/a", "read_parquet", true, { begin: 5, end: 9 }]]);
  });

  it("are values anywhere else, in comments and in names", () => {
    const values = [
      "SELECT * FROM t WHERE url = '3fs://h:1/a'",
      "SELECT '3fs://h:1/a' AS \"FROM '3fs://h:1/b'\" -- FROM '3fs://h:1/c'",
      "SELECT * FROM read_csv('x', delim = '3fs://h:1/a')",
      "SELECT replace(x, '3fs://h:1/a', '') /* FROM '3fs://h:1/b' */",
      "SELECT $$ FROM '3fs://h:1/a' $$",
    ];
    for (const sql of values) expect(found(sql), sql).toEqual([]);
  });

  it("are replaced, and nothing else is", () => {
    const sql = "SELECT '3fs://h:1/a' FROM '3fs://h:1/a' x, read_text('3fs://h:1/b')";
    const paths = statementPaths(sql);
    expect(replacePaths(sql, paths, ["'A'", "'B'"])).toBe("SELECT '3fs://h:1/a' FROM 'A' x, read_text('B')");
  });
});
