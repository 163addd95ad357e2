import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { folder, pond, start } from "./pond.ts";

const CSV = "day,amount\n2024-01-02,10\n2024-01-03,32\n";

test("a file is a table, and the result one too", async () => {
  await using place = await folder({ "sales.csv": CSV });
  const result = await pond(["sql", "SELECT sum(amount) AS total, max(day) AS last FROM 'sales.csv';"], {
    cwd: place.path,
  });
  expect(result).toEqual({
    code: 0,
    stdout: "total  last\n─────  ──────────\n   42  2024-01-03\n",
    stderr: "",
  });
});

test("the query may come from a file or standard input", async () => {
  await using place = await folder({ "q.sql": "-- the answer\nSELECT 42 AS n;\n-- that was it\n" });
  const expected = { code: 0, stdout: '[{"n":42}]\n', stderr: "" };
  expect(await pond(["sql", "--file", "q.sql", "--json"], { cwd: place.path })).toEqual(expected);
  expect(await pond(["sql", "--json"], { stdin: "SELECT 42 AS n; -- done" })).toEqual(expected);
  expect(await pond(["sql", "-", "--json"], { stdin: "SELECT 42 AS n" })).toEqual(expected);
});

test("--json keeps every digit and every date", async () => {
  const query = `SELECT 9007199254740993 AS big, '-170141183460469231731687303715884105728'::HUGEINT AS huge, 7 AS small,
    0.10::DECIMAL(20, 2) AS price, DATE '2024-02-29' AS day, TIMESTAMP '2024-02-29 12:00:00.000001' AS at,
    {'a': [1, NULL]} AS nested, 'NaN'::DOUBLE AS nan, NULL AS nothing, 'é"' AS text`;
  const { stdout } = await pond(["sql", query, "--json"]);
  expect(JSON.parse(stdout)).toEqual([
    {
      big: "9007199254740993",
      huge: "-170141183460469231731687303715884105728",
      small: 7,
      price: "0.10",
      day: "2024-02-29",
      at: "2024-02-29T12:00:00.000001Z",
      nested: { a: [1, null] },
      nan: "NaN",
      nothing: null,
      text: 'é"',
    },
  ]);
});

test("--json of no rows is an empty array, and of many one array", async () => {
  expect((await pond(["sql", "SELECT 1 WHERE false", "--json"])).stdout).toBe("[]\n");
  const { stdout } = await pond(["sql", "FROM range(10000)", "--json"]);
  expect((JSON.parse(stdout) as unknown[]).length).toBe(10_000);
});

test("--csv quotes what needs it and tells NULL from empty text", async () => {
  const { stdout } = await pond([
    "sql",
    "SELECT 'a,\"b' AS \"x,y\", NULL AS n, '' AS e, 1.50::DECIMAL(4,2) AS d",
    "--csv",
  ]);
  expect(stdout).toBe('"x,y",n,e,d\n"a,""b",,"",1.50\n');
});

test("--output writes what can be read again", async () => {
  await using place = await folder({});
  const cwd = place.path;
  const written = await pond(["sql", "SELECT range AS n FROM range(10)", "--output", "out.parquet"], { cwd });
  expect(written).toMatchObject({ code: 0, stdout: "" });
  expect(written.stderr).toMatch(/^10 rows, .* in out\.parquet\n$/);
  expect((await pond(["sql", "SELECT sum(n) AS n FROM 'out.parquet'", "--json"], { cwd })).stdout).toBe(
    '[{"n":45}]\n',
  );
  const query = "SELECT range AS n, [range] AS l FROM range(3)";
  const text = async (name: string): Promise<string> => {
    expect(await pond(["sql", query, "--output", name], { cwd })).toMatchObject({ code: 0, stdout: "" });
    return await readFile(`${cwd}/${name}`, "utf8");
  };
  expect(await text("out.csv")).toBe("n,l\n0,[0]\n1,[1]\n2,[2]\n");
  expect(await text("out.jsonl")).toBe('{"n":0,"l":[0]}\n{"n":1,"l":[1]}\n{"n":2,"l":[2]}\n');
  expect(JSON.parse(await text("out.json"))).toEqual([0, 1, 2].map((n) => ({ n, l: [n] })));
  expect((await text("out.arrow")).slice(0, 6)).toBe("ARROW1");
});

test("the table stops at 100 rows and says so, unless --all", async () => {
  const capped = await pond(["sql", "FROM range(250)"]);
  expect(capped.stdout.split("\n").length).toBe(100 + 2 + 1 + 1);
  expect(capped.stderr).toContain("--all");
  const all = await pond(["sql", "FROM range(250)", "--all"]);
  expect(all.stdout.split("\n").length).toBe(250 + 2 + 1);
  expect(all.stderr).toBe("");
});

test.each([
  ["SELEC 1", 'syntax error at or near "SELEC"'],
  ["SELECT 1; SELECT 2", "expected one query, but it has 2 statements"],
  ["COPY (SELECT 1) TO 'x.csv'", "expected one query, but it is another kind of statement"],
  ["FROM 'nope.parquet'", "relative paths start at"],
  ["FROM nope", "a file is a table by its quoted path"],
  [" ; ", "the query is empty"],
])("%s fails with what is wrong, and not with our own file names", async (query, message) => {
  const { code, stdout, stderr } = await pond(["sql", query]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain(message);
  expect(stderr).not.toMatch(/step: |run-sql/);
});

test("options that contradict each other are wrong usage", async () => {
  expect(await pond(["sql", "SELECT 1", "--json", "--csv"])).toMatchObject({ code: 2, stdout: "" });
});

test("a query leaves nothing in the data root, also when its reader goes early", async () => {
  await using place = await folder({});
  const env = { SP_DATA_ROOT: `${place.path}/data` };
  await pond(["sql", "SELECT 1", "--output", `${place.path}/o.parquet`], { env });
  const early = start(["sql", "FROM range(3000000)", "--csv"], { env });
  await early.printed("range");
  early.child.stdout?.destroy();
  expect((await early.finished).code).toBe(0);
  expect(await readdir(`${place.path}/data`, { recursive: true })).toEqual([".running"]);
});

test("Ctrl-C cancels a query with 130", async () => {
  await using place = await folder({});
  const data = `${place.path}/data`;
  const query = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range + b.range = 3";
  const running = start(["sql", query], { env: { SP_DATA_ROOT: data } });
  // The session's folder appears when everything is ready for a query.
  while ((await readdir(data).catch(() => [])).length === 0)
    await new Promise((next) => setTimeout(next, 50));
  await new Promise((resolve) => setTimeout(resolve, 300));
  running.child.kill("SIGINT");
  expect(await running.finished).toMatchObject({ code: 130, stdout: "" });
  expect(await readdir(data, { recursive: true })).toEqual([".running"]);
});
