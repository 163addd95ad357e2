/** A session in a folder of its own, with one plain DuckDB beside it that makes files and knows the right answers. */
import type { Disk } from "@smallpond/base";
import { NodeDisk } from "@smallpond/base/platform/node";
import { Database, type DatabaseConnection } from "../../src/duckdb/database.ts";
import { type DataFrame, type InitOptions, init, type Row, type Session } from "../../src/index.ts";

export interface World extends AsyncDisposable {
  readonly sp: Session;
  /** One DuckDB without anything of ours in between. */
  readonly plain: DatabaseConnection;
  readonly disk: Disk;
  /** The folder; the session's data root is `jobs` in it. */
  readonly path: string;
  at(name: string): string;
  /** Writes a query's rows as Parquet, CSV or JSON lines, by the name's ending, and returns the path. */
  write(name: string, query: string): Promise<string>;
  /** The names in a directory, sorted; none if there is no directory. */
  list(name: string): Promise<string[]>;
  /** Another session over the same folder. */
  open(options?: InitOptions): Promise<Session>;
}

/** `int64: "number"` and two threads unless the options say otherwise. */
export async function openWorld(options: InitOptions = {}): Promise<World> {
  const disk = new NodeDisk();
  const folder = await disk.tempDirectory();
  const at = (name: string): string => `${folder.path}/${name}`;
  const database = await openPlain(at("plain-temp"));
  const plain = await database.connect();
  const open = (more: InitOptions = {}): Promise<Session> =>
    init({ dataRoot: at("jobs"), threads: 2, int64: "number", ...more });
  const sp = await open(options);
  return {
    sp,
    plain,
    disk,
    path: folder.path,
    at,
    open,
    write: async (name, query) => await writeRows(disk, plain, at(name), query),
    list: async (name) => {
      if (!(await disk.exists(at(name)))) return [];
      return (await disk.readdir(at(name))).map((entry) => entry.name).sort();
    },
    [Symbol.asyncDispose]: async () => {
      await sp.close();
      await database.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

export async function openPlain(tempDirectory: string, threads = 2): Promise<Database> {
  return await Database.open({ threads, memoryBytes: 2 ** 30, tempDirectory, timeZone: "UTC" });
}

export async function writeRows(
  disk: Disk,
  plain: DatabaseConnection,
  path: string,
  query: string,
): Promise<string> {
  await disk.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  const format = path.endsWith(".csv") ? "csv, HEADER" : path.endsWith(".json") ? "json" : "parquet";
  await plain.run(`COPY (${query}) TO '${path}' (FORMAT ${format})`);
  return path;
}

/** 100 rows in two files, `item` 0 to 99 in order: enough to show nearly every defect of the ancestor. */
export async function hundredRows(world: World, extension = "parquet"): Promise<string> {
  for (const [name, from] of [
    ["a", 0],
    ["b", 50],
  ] as const) {
    await world.write(
      `data/${name}.${extension}`,
      `SELECT ${from} + range AS item, 'g' || ((${from} + range) % 7) AS g FROM range(50)`,
    );
  }
  return world.at(`data/*.${extension}`);
}

/** The rows as text, sorted: a multiset that can be compared. */
export async function multiset(frame: DataFrame): Promise<string[]> {
  return rowTexts(await frame.takeAll());
}

export function rowTexts(rows: readonly Row[]): string[] {
  return rows
    .map((row) =>
      JSON.stringify(row, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value)),
    )
    .sort();
}

/** One number per row of a column. */
export async function column<T = number>(frame: DataFrame, name: string): Promise<T[]> {
  return (await frame.takeAll()).map((row) => row[name] as T);
}

/** Which rows each partition holds, as lists of a column, in the order of the partitions. */
export async function partitionsOf(sp: Session, frame: DataFrame, name = "item"): Promise<number[][]> {
  const rows = await sp
    .partialSql(`SELECT list("${name}" ORDER BY "${name}") AS held FROM {0}`, frame)
    .takeAll();
  return rows.map((row) => (row.held ?? []) as number[]);
}
