/**
 * What the formats of sinks cannot hold as it is, by type. What has no rule is kept, or has a form in the format that
 * says the same: an ENUM its text, an ARRAY a list, a date in CSV its text. `docs/types.md` has the table.
 */
import { type DuckDBType, DuckDBTypeId as Id } from "@duckdb/node-api";

export type SinkFormat = "parquet" | "csv" | "json" | "arrow";

export type SinkRule =
  /** Some values do not fit; the query looks at each and fails with what is said here. */
  | {
      readonly kind: "checked";
      /** SQL that is true for a value that does not fit; may be NULL for NULL. */
      readonly misfit: (sql: string) => string;
      /** Said after the value: `has …`. */
      readonly why: string;
      /** The SQL to try, with `x` for the column. */
      readonly cast: string;
      readonly sql: (sql: string) => string;
    }
  /** No value goes in without a decision of people's. */
  | {
      readonly kind: "refused";
      readonly why: string;
      readonly cast: string;
      /** The text that says the same, for `casts: "text"`. */
      readonly text: (sql: string) => string;
    };

export function sinkRule(format: SinkFormat, type: DuckDBType): SinkRule | undefined {
  return RULES[format].get(type.typeId);
}

const same = (sql: string): string => sql;
const asText = (sql: string): string => `CAST(${sql} AS VARCHAR)`;
const asJsonText = (sql: string): string => `CAST(to_json(${sql}) AS VARCHAR)`;
const variantText = (sql: string): string => `CAST(CAST(${sql} AS JSON) AS VARCHAR)`;
const asBase64 = (sql: string): string => `to_base64(${sql})`;

const inDecimal: SinkRule = {
  kind: "checked",
  misfit: (sql) => `${sql} IS NOT NULL AND TRY_CAST(${sql} AS DECIMAL(38,0)) IS NULL`,
  why: "has more digits than the 38 that Parquet's largest numbers have",
  cast: "CAST(x AS VARCHAR)",
  sql: (sql) => `CAST(${sql} AS DECIMAL(38,0))`,
};

const finite: SinkRule = {
  kind: "checked",
  misfit: (sql) => `NOT isfinite(${sql})`,
  why: "is no number that JSON has",
  cast: "CASE WHEN isfinite(x) THEN x END",
  sql: same,
};

/** Parquet has three unsigned counts of 32 bits: months, days, milliseconds. Larger ones were cut without a word. */
const interval: SinkRule = {
  kind: "checked",
  misfit: (sql) => {
    const part = (name: string): string => `datepart('${name}', ${sql})`;
    const parts = ["year", "month", "day", "hour", "minute", "microseconds"].map(part);
    return `least(${parts.join(", ")}) < 0 OR ${part("hour")} >= 1193 OR ${part("microseconds")} % 1000 <> 0`;
  },
  why: "is negative, has parts of a millisecond, or more than 49 days of hours: Parquet's intervals have none of these",
  cast: "CAST(x AS VARCHAR)",
  sql: same,
};

const seconds: SinkRule = {
  kind: "checked",
  misfit: (sql) => `${sql} IS NOT NULL AND TRY_CAST(${sql} AS TIMESTAMP) IS NULL`,
  why: "is beyond the years that Parquet's microseconds reach",
  cast: "CAST(x AS VARCHAR)",
  sql: (sql) => `CAST(${sql} AS TIMESTAMP)`,
};

const milliseconds: SinkRule = {
  kind: "checked",
  misfit: (sql) => `NOT isfinite(${sql}) OR (${sql} IS NOT NULL AND TRY_CAST(${sql} AS TIMESTAMP) IS NULL)`,
  why: "is infinite, or beyond the years that readers of Parquet's milliseconds reach",
  cast: "CAST(x AS TIMESTAMP)",
  sql: same,
};

function refused(why: string, cast: string, text: (sql: string) => string = asText): SinkRule {
  return { kind: "refused", why, cast, text };
}

const PARQUET: ReadonlyMap<Id, SinkRule> = new Map([
  [Id.HUGEINT, inDecimal],
  [Id.UHUGEINT, inDecimal],
  [Id.BIGNUM, refused("which Parquet does not have", "CAST(x AS VARCHAR)")],
  [Id.BIT, refused("which Parquet does not have", "CAST(x AS VARCHAR)")],
  [Id.TIME_NS, refused("which is not written to Parquet", "CAST(x AS TIME)")],
  [Id.TIME_TZ, refused("whose offset from UTC Parquet does not keep", "CAST(x AS VARCHAR)")],
  [Id.TIMESTAMP_S, seconds],
  [Id.TIMESTAMP_MS, milliseconds],
  [Id.INTERVAL, interval],
  [Id.UNION, refused("which Parquet does not have", "to_json(x)", asJsonText)],
  [
    Id.VARIANT,
    refused("of which Parquet keeps some values and changes others", "CAST(x AS JSON)", variantText),
  ],
  [Id.GEOMETRY, refused("to which Parquet would add a coordinate system that it has not", "ST_AsWKB(x)")],
]);

const nestedInCsv = refused("which CSV does not have", "to_json(x)", asJsonText);

const CSV: ReadonlyMap<Id, SinkRule> = new Map([
  [Id.BLOB, refused("and CSV is text", "to_base64(x)", asBase64)],
  [Id.VARIANT, refused("which CSV does not have", "CAST(x AS JSON)", variantText)],
  [Id.LIST, nestedInCsv],
  [Id.ARRAY, nestedInCsv],
  [Id.STRUCT, nestedInCsv],
  [Id.MAP, nestedInCsv],
  [Id.UNION, nestedInCsv],
]);

const JSON_RULES: ReadonlyMap<Id, SinkRule> = new Map([
  [Id.FLOAT, finite],
  [Id.DOUBLE, finite],
  [Id.BLOB, refused("and JSON is text", "to_base64(x)", asBase64)],
  [Id.VARIANT, refused("of which JSON keeps some values and changes others", "CAST(x AS JSON)", variantText)],
]);

const RULES: Readonly<Record<SinkFormat, ReadonlyMap<Id, SinkRule>>> = {
  parquet: PARQUET,
  csv: CSV,
  json: JSON_RULES,
  // Arrow holds every type: what it has nothing like travels as text with the type beside it.
  arrow: new Map(),
};
