/**
 * Random tables over every type a DuckDB table can hold, for tests that compare two ways to the same rows.
 *
 * `randomTable(new SeededRandom(seed))` draws columns of any type (nested ones included) and rows that favour edge
 * values, and answers one `CREATE TABLE` statement that makes them. The same seed gives the same statement. With
 * fast-check, draw the seed and the counts, so that a failure shrinks to few rows and columns:
 *
 *     fc.record({ seed: fc.nat(), columns: fc.integer({ min: 1, max: 8 }), rows: fc.nat({ max: 20 }) })
 *       .map(({ seed, ...counts }) => randomTable(new SeededRandom(seed), counts))
 *
 * Columns are independent of each other: column 3 of a seed is the same whether there are 4 columns or 8, and its
 * first rows are the same whether there are 5 rows or 50.
 *
 * DuckDB compares more loosely than these tables vary: intervals of 30 days and of 1 month are equal, and so are
 * VARIANTs of different integer types. Compare `CAST(column AS VARCHAR)` too where that matters. It refuses to compare
 * VARIANTs of unlike types at all, so a query that compares, groups or sorts by columns must use `comparableSql` or
 * leave VARIANT out by `exclude: ["VARIANT"]`.
 */
import type { Random } from "@smallpond/base";
import {
  SCALAR_KINDS,
  type ScalarKind,
  scalarSample,
  type TypeSample,
  textExpression,
} from "./random-literals.ts";

/** The nested kinds. Unnamed structs are missing because DuckDB refuses to store them in a table. */
export type NestedKind = (typeof NESTED_KINDS)[number];
export type RandomKind = ScalarKind | NestedKind;

const NESTED_KINDS = ["LIST", "ARRAY", "STRUCT", "MAP", "UNION"] as const;

/** Every kind of column there is: one entry per DuckDB type (`DECIMAL` and `ENUM` for all of theirs). */
export const RANDOM_KINDS: readonly RandomKind[] = [...SCALAR_KINDS, ...NESTED_KINDS];

export interface RandomTableOptions {
  /** The table's name; it is quoted. Default `t`. */
  readonly name?: string;
  /** Default: 1 to 6, drawn. */
  readonly columns?: number;
  /** Rows before `repeat`. Default: 0 to 20, drawn. */
  readonly rows?: number;
  /** How often every row is there, to get past DuckDB's vector size (2048) with short SQL. Default 1. */
  readonly repeat?: number;
  /** Only these kinds, inside nested types too. Default: all. */
  readonly only?: readonly RandomKind[];
  /** Not these kinds, inside nested types either. */
  readonly exclude?: readonly RandomKind[];
  /** How deep nested types go: 0 for scalars only. Default 2. */
  readonly depthMax?: number;
  /** How many values in a hundred are NULL, at every level. Default 15. */
  readonly nullPercent?: number;
  /** Column names with spaces, quotes, capitals and letters from elsewhere. Default: `c0`, `c1` and so on. */
  readonly oddNames?: boolean;
  /** Make a temporary table. Default false. */
  readonly temporary?: boolean;
}

export interface RandomColumn {
  readonly name: string;
  /** As DuckDB reads it. */
  readonly type: string;
}

export interface RandomTable {
  readonly name: string;
  readonly columns: readonly RandomColumn[];
  /** One statement that creates the table with its rows. */
  readonly createSql: string;
  readonly rowCount: number;
}

/** A random table. Nothing is run: execute `createSql` on the connection of your choice. */
export function randomTable(random: Random, options: RandomTableOptions = {}): RandomTable {
  const name = options.name ?? "t";
  const sizes = random.fork("sizes");
  const drawnColumns = 1 + sizes.int(6);
  const drawnRows = sizes.int(21);
  const settings = settingsOf(options);
  const columns: RandomColumn[] = [];
  const literals: string[][] = [];
  const rows = options.rows ?? drawnRows;
  for (let index = 0; index < (options.columns ?? drawnColumns); index++) {
    const source = random.fork(`column ${index}`);
    const sample = typeSample(source, settings, settings.depthMax);
    columns.push({ name: columnName(index, options.oddNames === true), type: sample.type });
    const valueSource = source.fork("values");
    literals.push(Array.from({ length: rows }, () => nullable(sample, valueSource, settings)));
  }
  const repeat = options.repeat ?? 1;
  const head = `CREATE ${options.temporary === true ? "TEMPORARY " : ""}TABLE ${quote(name)} AS`;
  const createSql = `${head} ${selectSql(columns, literals, repeat)}`;
  return { name, columns, createSql, rowCount: rows * repeat };
}

/** A random column type of the given kind, with the maker of its literals, for tests that build their own SQL. */
export function randomType(random: Random, kind: RandomKind, options: RandomTableOptions = {}): TypeSample {
  const settings = settingsOf(options);
  return kindSample(random, kind, settings, Math.max(1, settings.depthMax));
}

/** The column as an expression that DuckDB can compare with any other of its kind: VARIANTs as text. */
export function comparableSql({ name, type }: RandomColumn): string {
  return type.includes("VARIANT") ? `CAST(${quote(name)} AS VARCHAR)` : quote(name);
}

interface Settings {
  readonly scalars: readonly ScalarKind[];
  readonly nested: readonly NestedKind[];
  readonly depthMax: number;
  readonly nullPercent: number;
}

function settingsOf(options: RandomTableOptions): Settings {
  const allowed = (kind: RandomKind): boolean =>
    (options.only?.includes(kind) ?? true) && !(options.exclude?.includes(kind) ?? false);
  return {
    scalars: SCALAR_KINDS.filter(allowed),
    nested: NESTED_KINDS.filter(allowed),
    depthMax: options.depthMax ?? 2,
    nullPercent: options.nullPercent ?? 15,
  };
}

function typeSample(random: Random, settings: Settings, depth: number): TypeSample {
  const { scalars, nested } = settings;
  const nestedHere = depth === 0 ? [] : nested;
  const wantNested = scalars.length === 0 || (nestedHere.length > 0 && random.int(4) === 0);
  // With nested kinds alone something still has to be at the bottom.
  if (wantNested && nestedHere.length === 0) return scalarSample("INTEGER", random);
  const kind = wantNested ? nestedHere[random.int(nestedHere.length)]! : scalars[random.int(scalars.length)]!;
  return kindSample(random, kind, settings, depth);
}

function kindSample(random: Random, kind: RandomKind, settings: Settings, depth: number): TypeSample {
  const child = (): TypeSample => typeSample(random, settings, depth - 1);
  switch (kind) {
    case "LIST":
      return listSample(child(), settings);
    case "ARRAY":
      return arraySample(child(), 1 + random.int(4), settings);
    case "STRUCT":
      return structSample(Array.from({ length: 1 + random.int(3) }, child), settings);
    case "MAP":
      return mapSample(
        scalarSample(MAP_KEY_KINDS[random.int(MAP_KEY_KINDS.length)]!, random),
        child(),
        settings,
      );
    case "UNION":
      return unionSample(Array.from({ length: 1 + random.int(3) }, child), settings);
    default:
      return scalarSample(kind, random);
  }
}

/** Kinds whose different literals are different values also to a JavaScript Map. */
const MAP_KEY_KINDS: readonly ScalarKind[] = [
  "INTEGER",
  "BIGINT",
  "VARCHAR",
  "DATE",
  "UUID",
  "DECIMAL",
  "ENUM",
];
const FIELD_NAMES = ["a", "b c", 'quo"te'];

function listSample(child: TypeSample, settings: Settings): TypeSample {
  const type = `${child.type}[]`;
  const literal = (random: Random): string => {
    const items = Array.from({ length: random.int(5) }, () => nullable(child, random, settings));
    return `CAST([${items.join(", ")}] AS ${type})`;
  };
  return { type, literal };
}

function arraySample(child: TypeSample, length: number, settings: Settings): TypeSample {
  const type = `${child.type}[${length}]`;
  const literal = (random: Random): string => {
    const items = Array.from({ length }, () => nullable(child, random, settings));
    return `array_value(${items.join(", ")})`;
  };
  return { type, literal };
}

function structSample(children: readonly TypeSample[], settings: Settings): TypeSample {
  const fields = children.map((child, index) => `${quote(FIELD_NAMES[index]!)} ${child.type}`);
  const literal = (random: Random): string => {
    const values = children.map((child) => nullable(child, random, settings));
    return `struct_pack(${values.map((value, index) => `${quote(FIELD_NAMES[index]!)} := ${value}`).join(", ")})`;
  };
  return { type: `STRUCT(${fields.join(", ")})`, literal };
}

function mapSample(key: TypeSample, value: TypeSample, settings: Settings): TypeSample {
  const type = `MAP(${key.type}, ${value.type})`;
  const literal = (random: Random): string => {
    const keys = [...new Set(Array.from({ length: random.int(4) }, () => key.literal(random)))];
    const values = keys.map(() => nullable(value, random, settings));
    return `CAST(map([${keys.join(", ")}], [${values.join(", ")}]) AS ${type})`;
  };
  return { type, literal };
}

function unionSample(members: readonly TypeSample[], settings: Settings): TypeSample {
  const tags = members.map((member, index) => `${quote(FIELD_NAMES[index]!)} ${member.type}`);
  const type = `UNION(${tags.join(", ")})`;
  const literal = (random: Random): string => {
    const index = random.int(members.length);
    const value = nullable(members[index]!, random, settings);
    return `CAST(union_value(${quote(FIELD_NAMES[index]!)} := ${value}) AS ${type})`;
  };
  return { type, literal };
}

function nullable(sample: TypeSample, random: Random, settings: Settings): string {
  const isNull = random.int(100) < settings.nullPercent;
  return isNull ? `CAST(NULL AS ${sample.type})` : sample.literal(random);
}

function selectSql(columns: readonly RandomColumn[], literals: readonly string[][], repeat: number): string {
  const names = columns.map(({ name }) => quote(name)).join(", ");
  const rowCount = literals[0]?.length ?? 0;
  const nulls = columns.map(({ type }) => `CAST(NULL AS ${type})`).join(", ");
  if (rowCount === 0) return `SELECT * FROM (VALUES (${nulls})) v(${names}) LIMIT 0`;
  const rows = Array.from(
    { length: rowCount },
    (_, row) => `(${literals.map((column) => column[row]).join(", ")})`,
  );
  const repeated = repeat === 1 ? "" : `, range(${repeat}) r(i)`;
  return `SELECT v.* FROM (VALUES\n${rows.join(",\n")}\n) v(${names})${repeated}`;
}

function columnName(index: number, odd: boolean): string {
  const names = ["select", "with space", 'quo"te', "日本", "UPPER", "it's", "__proto__", "constructor"];
  return odd ? `${names[index % names.length]}${index < names.length ? "" : index}` : `c${index}`;
}

function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

export { type TypeSample, textExpression };
