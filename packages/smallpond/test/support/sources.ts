/** Files and queries with random rows of every type, for random pipelines. */
import { type Random, SeededRandom } from "@smallpond/base";
import type { DatabaseConnection } from "../../src/duckdb/database.ts";
import { type PipelineColumn, type PipelineSource, randomTable } from "../../src/testing/index.ts";
import type { World } from "./world.ts";

const INTEGERS = ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "UBIGINT"] as const;

/** Sources of all formats: `id` numbers the rows, `k` and `s` have few values and NULLs, the rest is anything. */
export async function makeSources(world: World, seed: number, count: number): Promise<PipelineSource[]> {
  const sources: PipelineSource[] = [];
  for (let i = 0; i < count; i++) {
    const format = (["parquet", "query", "parquet", "csv", "parquet", "json"] as const)[i % 6]!;
    sources.push(
      await makeSource(world, { random: new SeededRandom(seed).fork(`source ${i}`), index: i, format }),
    );
  }
  return sources;
}

async function makeSource(
  world: World,
  { random, index, format }: { random: Random; index: number; format: PipelineSource["format"] },
): Promise<PipelineSource> {
  const { plain } = world;
  const plainTypes = format === "csv" || format === "json";
  // Text files without rows have no types to be found.
  const rows = random.int(5) === 0 && !plainTypes ? random.int(3) : 5 + random.int(40);
  const table = randomTable(random.fork("table"), {
    name: `random_${index}`,
    columns: 1 + random.int(3),
    rows,
    // Parquet as people write it cannot hold negative intervals and infinite seconds, and unions come back as structs that no table holds.
    exclude: format === "query" ? ["VARIANT"] : ["VARIANT", "INTERVAL", "TIMESTAMP_S", "UNION"],
  });
  const integer = INTEGERS[random.int(INTEGERS.length)]!;
  const extra = plainTypes
    ? ""
    : `, r.* RENAME (${table.columns.map(({ name }, i) => `"${name}" AS t${index}c${i}`).join(", ")})`;
  const select = `SELECT (row_number() OVER ())::BIGINT AS id,
    CASE WHEN hash(row_number() OVER (), ${index}) % 7 < 6 THEN (hash(row_number() OVER (), ${index}) % 7)::${integer} END AS k,
    ['a', 'b', 'ab', 'cd', NULL][1 + (hash(${index}, row_number() OVER ()) % 5)::INTEGER] AS s${extra}
    FROM (${table.createSql.slice(table.createSql.indexOf(" AS ") + 4)}) r`;
  const name = `source ${index} (${format}, ${rows} rows)`;
  if (format === "query") return await described(plain, { name, format, files: [], sql: select, rows });
  await plain.run(`CREATE TABLE source_${index} AS ${select}`);
  const files: { path: string; rows: number }[] = [];
  for (let left = rows, part = 0; left > 0 || part === 0; part++) {
    const some = random.int(3) === 0 ? left : Math.min(left, random.int(15));
    const path = `sources/${index}/part-${part}.${format}`;
    const query = `SELECT * FROM source_${index} LIMIT ${some} OFFSET ${rows - left}`;
    files.push({ path: await world.write(path, query), rows: some });
    left -= some;
  }
  const readers = {
    parquet: "read_parquet(%)",
    csv: "read_csv(%, sample_size = -1)",
    json: "read_json(%, sample_size = -1)",
  };
  const list = `[${files.map((file) => `'${file.path}'`).join(", ")}]`;
  return await described(plain, {
    name,
    format,
    files,
    sql: `SELECT * FROM ${readers[format].replace("%", list)}`,
    rows,
  });
}

async function described(
  plain: DatabaseConnection,
  source: Omit<PipelineSource, "columns">,
): Promise<PipelineSource> {
  const columns = (await plain.rows(`DESCRIBE ${source.sql}`)).map((row): PipelineColumn => {
    const name = row.column_name as string;
    const role = name === "id" ? "id" : name === "k" ? "int" : name === "s" ? "text" : "any";
    return { name, role, groupable: role !== "any" || GROUPABLE.test(row.column_type as string) };
  });
  return { ...source, columns };
}

/** Types of which equal values print alike. */
const GROUPABLE =
  /^(BOOLEAN|U?TINYINT|U?SMALLINT|U?INTEGER|U?BIGINT|U?HUGEINT|DECIMAL\(\d+,\d+\)|VARCHAR|BLOB|DATE|TIMESTAMP|TIMESTAMP_NS|UUID)$/;
