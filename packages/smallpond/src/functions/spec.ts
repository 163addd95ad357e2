/**
 * Functions as data: what a task carries, so that any process can call what the user wrote.
 *
 * The session keeps the function itself for calls in its own process; every other process gets the code.
 */

/** What a function is given and gives back. */
export type FunctionForm = "map" | "flat-map" | "filter" | "batches";

/** How the code of a function travels. */
export type FunctionCode =
  /** An expression without free variables: the source of an inline function. */
  | {
      readonly kind: "text";
      readonly text: string;
      readonly hash: string;
      /** A source map from the text to the user's file, as JSON; for messages, so it is not part of the hash. */
      readonly map?: string;
    }
  /** A bundle of the module that exports it, and what the export is called. */
  | {
      readonly kind: "bundle";
      /** The bundle's file in the job's directory, named by its hash. */
      readonly path: string;
      /** Of the bundle's text and the versions of the packages it imports, SHA-256 in hex. */
      readonly hash: string;
      readonly exportName: string;
    };

/** How calls to services are made; see `CallOptions` for the meaning and bounds of each. */
export interface CallPolicy {
  /** Calls under way at once, per executor. */
  readonly concurrency: number;
  /** Calls started per second, for the whole job; null is no limit. */
  readonly ratePerSecond: number | null;
  /** Further attempts at a call that failed. */
  readonly retries: number;
  /** Time one attempt may take; null is no limit. */
  readonly timeoutMs: number | null;
  /** `fail` ends the job, `keep` puts the message beside the row in this column. */
  readonly onError: { readonly kind: "fail" } | { readonly kind: "keep"; readonly column: string };
}

/** A column that a function returns. */
export interface OutputColumn {
  readonly name: string;
  /** A DuckDB type. */
  readonly type: string;
  /** Whether a row without it is an error, because every row of the sample had it. Otherwise it is NULL. */
  readonly always: boolean;
}

/** A function over the rows or batches of a partition. */
export interface FunctionSpec {
  /** Its key in the session. */
  readonly id: string;
  readonly name: string;
  readonly form: FunctionForm;
  /** Null for one that is only called in the session's own process. */
  readonly code: FunctionCode | null;
  /** The `args` given with it, as `encodeArgs` writes them; null when there are none. */
  readonly args: string | null;
  /** Rows per call for `batches`. */
  readonly batchRows: number;
  /** Output columns; null when the first rows decide, and for `filter`, which keeps its input's. */
  readonly columns: readonly OutputColumn[] | null;
  /** What BIGINT is in row objects. */
  readonly int64: "bigint" | "number";
  readonly calls: CallPolicy;
}

/** A scalar function that SQL calls. */
export interface UdfSpec {
  readonly id: string;
  /** As SQL names it. */
  readonly name: string;
  readonly code: FunctionCode | null;
  readonly args: string | null;
  /** DuckDB types. */
  readonly parameters: readonly string[];
  readonly returns: string;
  /** `skip` gives NULL for rows with a NULL parameter without a call, as SQL's own functions do. */
  readonly nulls: "skip" | "pass";
  /** Whether equal parameters may give other results, so that no call is saved. */
  readonly volatile: boolean;
  readonly int64: "bigint" | "number";
}
