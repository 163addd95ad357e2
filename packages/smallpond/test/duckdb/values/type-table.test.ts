import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBTypeId } from "@duckdb/node-api";
import { SeededRandom } from "@smallpond/base";
import { expect, test } from "vitest";
import { JSON_ROW, TYPE_TABLE, type TypeTableRow } from "../../../src/duckdb/values/type-table.ts";
import { RANDOM_KINDS, type RandomKind, randomType } from "../../../src/testing/random-tables.ts";
import { openDatabase } from "./compare.ts";

const DOCUMENT = new URL("../../../../../docs/types.md", import.meta.url);
const ROWS: readonly TypeTableRow[] = [...Object.values(TYPE_TABLE), JSON_ROW];

/** In the order of the random kinds, which is the order in which people look for types. */
function renderTable(): string {
  const names: readonly string[] = [...RANDOM_KINDS, "NULL"];
  const rows = ROWS.toSorted((left, right) => names.indexOf(left.name) - names.indexOf(right.name));
  const lines = rows.map((row) => [row.name, row.js, row.accepts, row.arrow, row.parquet]);
  const cells = [
    ["DuckDB", "In rows", "Also accepted", "Arrow", "Back from Parquet"],
    Array(5).fill("---"),
    ...lines,
  ];
  return cells.map((line) => `| ${line.join(" | ")} |`).join("\n");
}

test("docs/types.md shows the table of the code (UPDATE_DOCS=1 writes it)", async () => {
  const text = await readFile(DOCUMENT, "utf8");
  const pattern = /(<!-- types:begin -->\n)[\s\S]*(<!-- types:end -->)/;
  const updated = text.replace(pattern, (_all, begin, end) => `${begin}${renderTable()}\n${end}`);
  if (process.env.UPDATE_DOCS === "1") await writeFile(DOCUMENT, updated);
  else expect(text).toBe(updated);
});

test("the table has every type that a column can have, once", () => {
  const never = ["INVALID", "ANY", "STRING_LITERAL", "INTEGER_LITERAL"];
  const ids = Object.values(DuckDBTypeId).filter(
    (id) => typeof id === "number" && !never.includes(DuckDBTypeId[id]),
  );
  expect(Object.keys(TYPE_TABLE).map(Number).toSorted()).toEqual(ids.toSorted());
  expect(new Set(ROWS.map(({ name }) => name)).size).toBe(ROWS.length);
});

test("random tables cover the table", () => {
  const storable = ROWS.map(({ name }) => name).filter((name) => name !== "NULL");
  expect(RANDOM_KINDS.toSorted()).toEqual(storable.toSorted());
});

const ALIASES: Readonly<Record<string, string>> = {
  "TIME WITH TIME ZONE": "TIMETZ",
  "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ",
};

/** The table's name for a type as DuckDB prints it. */
function kindOf(type: string): string {
  if (type in ALIASES) return ALIASES[type]!;
  if (type.endsWith("[]")) return "LIST";
  if (type.endsWith("]")) return "ARRAY";
  return type.startsWith("GEOMETRY(") ? type : type.replace(/\(.*/, "");
}

/** Values of types of which DuckDB cannot write all. */
const WRITABLE: { readonly [kind in RandomKind]?: string } = {
  INTERVAL: "to_days(1)",
  VARIANT: "1::VARIANT",
};

test.each(RANDOM_KINDS)("%s comes back from Parquet as the table says", async (kind) => {
  const row = ROWS.find(({ name }) => name === kind)!;
  const directory = await mkdtemp(join(tmpdir(), "types-"));
  await using connection = await openDatabase();
  try {
    const random = new SeededRandom(`parquet ${kind}`);
    const { literal } = randomType(random, kind as RandomKind, {
      exclude: ["VARIANT", "INTERVAL"],
      depthMax: 1,
    });
    const value = WRITABLE[kind] ?? literal(random);
    const path = join(directory, "file.parquet");
    await connection.run(`COPY (SELECT ${value} AS x) TO '${path}' (FORMAT parquet)`);
    const reader = await connection.runAndReadAll(`SELECT typeof(x) FROM '${path}'`);
    const back = kindOf(reader.getRows()[0]![0] as string);
    const promised = row.parquet === "same" ? kind : row.parquet.replace(/( in .*)?(: lossy.*)?$/, "");
    expect(back).toBe(promised);
  } finally {
    await rm(directory, { recursive: true });
  }
});
