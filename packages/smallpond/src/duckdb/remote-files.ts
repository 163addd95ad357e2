/**
 * Files that DuckDB cannot open itself. Before a statement runs whoever knows them puts local ones in their place, with as
 * much in them as it reads; what it writes is taken where it belongs afterwards.
 */
export interface RemoteFiles {
  /** Undefined for a statement that names none. */
  prepare(sql: string, use: StatementUse): Promise<LocalStatement | undefined>;
}

export interface StatementUse {
  /** Whether rows are read or written; otherwise the statement is only bound. */
  readonly data: boolean;
  /** The plan of a statement over local files, as JSON. */
  readonly explain: (sql: string) => Promise<string>;
  /** Rows of a statement over local files. */
  readonly rows: (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;
  readonly signal: AbortSignal | undefined;
}

export interface LocalStatement {
  readonly sql: string;
  /** A text that the engine gave, with the names that people know. */
  original(text: string): string;
  /** The statement has run: what it wrote is where it belongs when this has resolved. */
  finish(): Promise<void>;
  /** Local files are not read any more. `failed`: nothing that it wrote shall stay. Once. */
  release(failed: boolean): Promise<void>;
}
