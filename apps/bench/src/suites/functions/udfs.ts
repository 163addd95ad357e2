import {
  DOUBLE,
  type DuckDBConnection,
  DuckDBScalarFunction,
  type DuckDBType,
  VARCHAR,
} from "@duckdb/node-api";
import type { Session } from "smallpond";
import type { Benchmark } from "../../harness/benchmark.ts";
import { FILES } from "../smallpond/data.ts";
import { parquet } from "../smallpond/plain.ts";
import { shortened, taxed } from "./functions.ts";
import { loop } from "./loop.ts";
import { COMPARISONS, LOOP, oursEverywhere } from "./sides.ts";

interface Udf {
  readonly name: string;
  readonly fn: (value: never) => unknown;
  readonly type: string;
  readonly raw: DuckDBType;
  /** What is asked of each partition, and of the results of all. */
  readonly each: string;
  readonly all: string;
}

/** Sessions that know the function already: a side keeps one for all rounds. */
const known = new WeakSet<Session>();

export const udfNumber: Benchmark = benchmark(
  "udf-number",
  "a DOUBLE to a DOUBLE, called by SQL for every row",
  {
    name: "taxed",
    fn: taxed,
    type: "DOUBLE",
    raw: DOUBLE,
    each: "sum(taxed(amount))",
    all: "round(sum(v))",
  },
);

export const udfText: Benchmark = benchmark(
  "udf-text",
  "a VARCHAR to a VARCHAR, called by SQL for every row",
  {
    name: "shortened",
    fn: shortened,
    type: "VARCHAR",
    raw: VARCHAR,
    each: "sum(length(shortened(product)))",
    all: "sum(v)::BIGINT",
  },
);

function benchmark(name: string, title: string, udf: Udf): Benchmark {
  return {
    name,
    title,
    rows: (context) => context.rows,
    sides: [
      loop(
        LOOP,
        async ({ input, paths }) => {
          const query = `SELECT (${udf.all})::VARCHAR AS v FROM (SELECT ${udf.each} AS v FROM ${parquet(paths.events)})`;
          const result = await input.runAndReadAll(query);
          return String(result.getRowObjectsJS()[0]?.v);
        },
        (connection) => register(connection, udf),
      ),
      ...oursEverywhere(async ({ sp, paths }) => {
        if (!known.has(sp)) {
          const types = { parameters: [udf.type], returns: udf.type };
          await sp.createFunction(udf.name, udf.fn, types);
          known.add(sp);
        }
        const parts = sp.readParquet(paths.events).repartition(FILES);
        const each = sp.partialSql(`SELECT ${udf.each} AS v FROM {0}`, parts);
        const rows = await sp.sql(`SELECT (${udf.all})::VARCHAR AS v FROM {0}`, each).takeAll();
        return String(rows[0]?.v);
      }),
    ],
    comparisons: COMPARISONS,
  };
}

/** As the client's own documentation does it. */
function register(connection: DuckDBConnection, { name, fn, raw }: Udf): void {
  const call = fn as (value: unknown) => unknown;
  connection.registerScalarFunction(
    DuckDBScalarFunction.create({
      name,
      returnType: raw,
      parameterTypes: [raw],
      mainFunction: (_info, chunk, output) => {
        const values = chunk.getColumnVector(0);
        for (let row = 0; row < chunk.rowCount; row++)
          output.setItem(row, call(values.getItem(row)) as never);
        output.flush();
      },
    }),
  );
}
