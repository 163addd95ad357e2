import { expect, test } from "vitest";
import { inputsOf, stagingIn } from "../../src/storage/failed-task.ts";

test.each([
  [
    "SELECT * FROM read_parquet(['/a/b.parquet', '/a/c.parquet'])",
    [{ path: "/a/b.parquet" }, { path: "/a/c.parquet" }],
  ],
  [
    "SELECT 1 FROM read_parquet(['/a/b.parquet'], hive_partitioning = false) WHERE file_row_number >= 10 AND file_row_number < 25",
    [{ path: "/a/b.parquet", begin: 10, end: 25 }],
  ],
  [
    "SELECT x FROM read_parquet(['/a'], union_by_name = true) UNION ALL SELECT x FROM read_parquet(['/b']) WHERE file_row_number >= 0 AND file_row_number < 5",
    [{ path: "/a" }, { path: "/b", begin: 0, end: 5 }],
  ],
  [
    "FROM read_csv(['it''s.csv', 'odd[*]name, 2.csv'], sample_size = -1)",
    [{ path: "it's.csv" }, { path: "odd*name, 2.csv" }],
  ],
  ["FROM read_json('x.json')", [{ path: "x.json" }]],
  ["SELECT * FROM range(3)", []],
])("%s reads what it names", (query, inputs) => {
  expect(inputsOf(query)).toEqual(inputs);
});

test("the stages that a task reads are found in its text, each once", () => {
  const task = JSON.stringify({
    query:
      "FROM read_parquet(['/d/j/staging/0-repartition/t0.a0/p=1/x.parquet', '/d/j/staging/0-repartition/y', '/d/j/staging/12-join/z'])",
  });
  expect(stagingIn(task, "/d/j/staging")).toEqual(["0-repartition", "12-join"]);
  expect(stagingIn(task, "/d/other/staging")).toEqual([]);
});
