/** Every type through every sink: what comes back is what went in, or the sink refused it; nothing is lost in silence. */
import { readFileSync } from "node:fs";
import { isPondError, SeededRandom } from "@smallpond/base";
import { tableFromIPC } from "apache-arrow";
import { expect, test } from "vitest";
import { RANDOM_KINDS, randomTable } from "../../src/testing/index.ts";
import { openWorld, type World } from "../support/world.ts";

type RandomKind = (typeof RANDOM_KINDS)[number];
type Format = "parquet" | "csv" | "json" | "arrow";

const VERBS = { parquet: "writeParquet", csv: "writeCsv", json: "writeJson", arrow: "writeArrow" } as const;

const NESTED: readonly RandomKind[] = ["LIST", "ARRAY", "STRUCT", "MAP", "UNION"];
const SCALARS = RANDOM_KINDS.filter((kind) => !NESTED.includes(kind));

/** The kinds of which every value goes in without a word. */
const KEPT: Readonly<Record<Format, readonly RandomKind[]>> = {
  parquet: [
    "BOOLEAN",
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "FLOAT",
    "DOUBLE",
    "DECIMAL",
    "VARCHAR",
    "BLOB",
    "DATE",
    "TIME",
    "TIMESTAMP",
    "TIMESTAMP_NS",
    "TIMESTAMPTZ",
    "UUID",
    "ENUM",
    "JSON",
  ],
  csv: SCALARS.filter((kind) => !["BLOB", "VARIANT"].includes(kind)),
  json: SCALARS.filter((kind) => !["FLOAT", "DOUBLE", "BLOB", "VARIANT"].includes(kind)),
  arrow: SCALARS,
};

/** The kinds that are refused whatever the values are. */
const REFUSED: Readonly<Record<Format, readonly RandomKind[]>> = {
  parquet: ["BIGNUM", "BIT", "TIME_NS", "TIMETZ", "UNION", "VARIANT", "GEOMETRY"],
  csv: ["BLOB", "VARIANT"],
  json: ["BLOB", "VARIANT"],
  arrow: [],
};

const SEEDS = 4;

/** The rows of a file as text, by a reader that is told the types. */
async function readBack(world: World, format: Format, path: string, type: string): Promise<string[]> {
  // DuckDB itself does not read its text of the very last microseconds with a time zone.
  const retyped = type === "TIMESTAMPTZ" ? "VARCHAR" : type;
  const asText = (from: string): string =>
    `SELECT coalesce(CAST(CAST(c0 AS ${retyped}) AS VARCHAR), '⊥') AS t FROM ${from} ORDER BY id`;
  switch (format) {
    case "parquet":
      return await texts(world, asText(`read_parquet('${path}')`));
    case "csv":
      return await texts(
        world,
        asText(`read_csv('${path}', header = true, delim = ',', quote = '"', escape = '"', allow_quoted_nulls = false,
          auto_detect = false, max_line_size = 10000000, columns = {id: 'BIGINT', c0: 'VARCHAR'})`),
      );
    case "json":
      return await jsonTexts(world, path, retyped);
    case "arrow": {
      const table = world.sp.fromArrow(tableFromIPC(readFileSync(path)));
      const frame = world.sp.sql(
        "SELECT coalesce(CAST(c0 AS VARCHAR), '⊥') AS t FROM {0} ORDER BY id",
        table,
      );
      return (await frame.takeAll()).map((row) => String(row.t));
    }
    default:
      return format satisfies never;
  }
}

/** The values of a file of JSON lines to the letter: DuckDB's reader makes a DOUBLE of a long number. */
async function jsonTexts(world: World, path: string, type: string): Promise<string[]> {
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  const found: string[] = [];
  for (const line of lines) {
    JSON.parse(line);
    const raw = line.slice(line.indexOf('"c0":') + 5, -1);
    // The JSON value null is NULL's form, too.
    if (raw === "null") found.push("⊥");
    else if (type === "JSON" || raw.startsWith('"')) found.push(type === "JSON" ? raw : JSON.parse(raw));
    else found.push((await texts(world, `SELECT CAST(CAST('${raw}' AS ${type}) AS VARCHAR) AS t`))[0]!);
  }
  return found;
}

async function texts(world: World, query: string): Promise<string[]> {
  return (await world.plain.rows(query)).map((row) => String(row.t));
}

test.each(["parquet", "csv", "json", "arrow"] as const)(
  "%s: every value of every type comes back, or is refused by name",
  async (format) => {
    await using world = await openWorld();
    for (const kind of SCALARS) {
      const outcomes = new Set<string>();
      for (let seed = 0; seed < SEEDS; seed++) {
        const table = randomTable(new SeededRandom(seed).fork(kind), {
          columns: 1,
          rows: 8,
          only: [kind],
          depthMax: 0,
        });
        const { type } = table.columns[0]!;
        const rows = `(${table.createSql.slice(table.createSql.indexOf(" AS ") + 4)})`;
        const source = `SELECT row_number() OVER () AS id, c0 FROM ${rows} t(c0)`;
        const path = world.at(`${kind}-${seed}.${format}`);
        const where = `${kind} ${type} seed ${seed}`;
        try {
          await world.sp.sql(source)[VERBS[format]](path);
        } catch (error) {
          if (!isPondError(error)) throw error;
          expect(["UNSUPPORTED_TYPE", "UNSUPPORTED_VALUE"], `${where}: ${error.message}`).toContain(
            error.code,
          );
          expect(error.message, where).toContain('"c0"');
          expect(error.hint, where).toBeDefined();
          expect(await world.disk.exists(path), where).toBe(false);
          outcomes.add(error.code);
          continue;
        }
        outcomes.add("kept");
        const expected = await texts(
          world,
          `SELECT coalesce(CAST(c0 AS VARCHAR), '⊥') AS t FROM (${source}) ORDER BY id`,
        );
        const nulls = format === "json" && kind === "JSON" ? "null" : "⊥";
        const want = expected.map((text) => (text === nulls ? "⊥" : text));
        expect(await readBack(world, format, path, type), where).toEqual(want);
      }
      if (KEPT[format].includes(kind)) expect([...outcomes], kind).toEqual(["kept"]);
      if (REFUSED[format].includes(kind)) expect([...outcomes], kind).toEqual(["UNSUPPORTED_TYPE"]);
    }
  },
);

/** Tables of nested types, and what each sink makes of them. */
test.each(["parquet", "csv", "json", "arrow"] as const)(
  "%s: nested values come back, or are refused for what is inside of them",
  async (format) => {
    await using world = await openWorld();
    const outcomes = new Map<string, number>();
    for (let seed = 0; seed < 30; seed++) {
      const table = randomTable(new SeededRandom(seed).fork("nested"), {
        columns: 1,
        rows: 6,
        depthMax: 2,
        exclude: ["VARIANT", "TIMESTAMPTZ"],
      });
      const { type } = table.columns[0]!;
      if (!/[[(]/.test(type) || /^(DECIMAL|ENUM)[^[]*$/.test(type)) continue;
      const rows = `(${table.createSql.slice(table.createSql.indexOf(" AS ") + 4)})`;
      const source = `SELECT row_number() OVER () AS id, c0 FROM ${rows} t(c0)`;
      const path = world.at(`nested-${seed}.${format}`);
      const where = `${type} seed ${seed}`;
      const outcome = await world.sp
        .sql(source)
        [VERBS[format]](path)
        .then(
          () => "kept",
          (error: unknown) => {
            if (!isPondError(error)) throw error;
            expect(["UNSUPPORTED_TYPE", "UNSUPPORTED_VALUE"], `${where}: ${error.message}`).toContain(
              error.code,
            );
            return error.code;
          },
        );
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (outcome !== "kept" || format === "csv" || (format === "json" && /UNION|BIT|JSON|MAP/.test(type)))
        continue;
      const expected = await texts(
        world,
        `SELECT coalesce(CAST(c0 AS VARCHAR), '⊥') AS t FROM (${source}) ORDER BY id`,
      );
      if (format !== "json") expect(await readBack(world, format, path, type), where).toEqual(expected);
      else {
        const read = `read_json('${path}', format = 'newline_delimited', columns = {id: 'BIGINT', c0: '${type.replaceAll("'", "''")}'})`;
        const back = await texts(
          world,
          `SELECT coalesce(CAST(c0 AS VARCHAR), '⊥') AS t FROM ${read} ORDER BY id`,
        );
        expect(back, where).toEqual(expected);
      }
    }
    if (format === "csv") expect([...outcomes.keys()]).toEqual(["UNSUPPORTED_TYPE"]);
    else expect(outcomes.get("kept") ?? 0).toBeGreaterThan(3);
  },
);
