/** DuckDB's errors, which are plain text with a category in front, as errors with a code to match on. */
import { type ErrorKind, isPondError, PondError } from "@smallpond/base";
import { raisedError } from "./raise.ts";

export type DuckDBErrorCode =
  | "SQL_SYNTAX"
  | "SQL_BINDING"
  | "SQL_VALUE"
  | "INTERRUPTED"
  | "OUT_OF_MEMORY"
  | "DISK_FULL"
  | "FILE_NOT_FOUND"
  | "FILE_CORRUPT"
  | "FILE_SCHEMA_MISMATCH"
  | "FILE_ACCESS"
  | "DUCKDB_INTERNAL"
  | "SQL_ERROR";

export interface DuckDBErrorDetails {
  /** DuckDB's own category, such as `Binder Error`. */
  readonly category: string;
  /** The statement that failed. */
  readonly sql: string;
}

export type DuckDBError = PondError<DuckDBErrorCode, DuckDBErrorDetails>;

interface Rule {
  readonly category: string;
  readonly contains?: string;
  readonly code: DuckDBErrorCode;
  readonly kind: ErrorKind;
  readonly hint?: string;
}

/** First match wins; `contains` is looked for without regard to case. */
const RULES: readonly Rule[] = [
  { category: "INTERRUPT Error", code: "INTERRUPTED", kind: "unavailable" },
  {
    category: "",
    contains: "No space left on device",
    code: "DISK_FULL",
    kind: "unavailable",
    hint: "free some space, or point dataRoot (SP_DATA_ROOT) at a larger disk",
  },
  {
    category: "Out of Memory Error",
    code: "OUT_OF_MEMORY",
    kind: "unavailable",
    hint: "raise the memory option (SP_MEMORY), or use more partitions so that each is smaller",
  },
  {
    category: "IO Error",
    contains: "No files found",
    code: "FILE_NOT_FOUND",
    kind: "invalid",
    hint: "check the path; relative paths start at the working directory of the process",
  },
  {
    category: "IO Error",
    contains: "No such file",
    code: "FILE_NOT_FOUND",
    kind: "invalid",
    hint: "check the path; relative paths start at the working directory of the process",
  },
  { category: "IO Error", contains: "Permission denied", code: "FILE_ACCESS", kind: "invalid" },
  {
    category: "",
    contains: "Schema mismatch",
    code: "FILE_SCHEMA_MISMATCH",
    kind: "invalid",
    hint: "read files whose columns differ with { unionByName: true }, or name the columns you need",
  },
  {
    category: "",
    contains: "schema mismatch",
    code: "FILE_SCHEMA_MISMATCH",
    kind: "invalid",
    hint: "read files whose columns differ with { unionByName: true }, or name the columns you need",
  },
  {
    category: "Invalid Input Error",
    contains: "No magic bytes found",
    code: "FILE_CORRUPT",
    kind: "corrupt",
    hint: "the file is truncated or is not Parquet; write it again",
  },
  {
    category: "IO Error",
    contains: "interval",
    code: "SQL_VALUE",
    kind: "invalid",
    hint: "Parquet holds no negative intervals: write CAST(column AS VARCHAR) instead",
  },
  { category: "Invalid Input Error", contains: "parquet", code: "FILE_CORRUPT", kind: "corrupt" },
  { category: "IO Error", contains: "parquet", code: "FILE_CORRUPT", kind: "corrupt" },
  { category: "Invalid Error", contains: "thrift", code: "FILE_CORRUPT", kind: "corrupt" },
  { category: "IO Error", contains: "thrift", code: "FILE_CORRUPT", kind: "corrupt" },
  { category: "Parser Error", code: "SQL_SYNTAX", kind: "invalid" },
  { category: "Binder Error", code: "SQL_BINDING", kind: "invalid" },
  { category: "Catalog Error", code: "SQL_BINDING", kind: "invalid" },
  { category: "Conversion Error", code: "SQL_VALUE", kind: "invalid" },
  { category: "Out of Range Error", code: "SQL_VALUE", kind: "invalid" },
  { category: "Invalid Input Error", code: "SQL_VALUE", kind: "invalid" },
  { category: "IO Error", code: "FILE_ACCESS", kind: "unavailable" },
  { category: "INTERNAL Error", code: "DUCKDB_INTERNAL", kind: "internal" },
];

/** Wraps what the client threw for `sql`. An error that already is ours passes through. */
export function duckdbError(error: unknown, sql: string): PondError {
  if (isPondError(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  const raised = raisedError(message, sql);
  if (raised !== undefined) return raised;
  const category = /^[A-Za-z ]+ Error(?=:)/.exec(message)?.[0] ?? "";
  const lower = message.toLowerCase();
  const rule = RULES.find(
    (one) =>
      (one.category === "" || one.category === category) &&
      (one.contains === undefined || lower.includes(one.contains.toLowerCase())),
  );
  return new PondError<DuckDBErrorCode, DuckDBErrorDetails>(rule?.code ?? "SQL_ERROR", {
    kind: rule?.kind ?? "invalid",
    message: rule?.hint === undefined ? message : withoutAdvice(message),
    details: { category, sql },
    hint: rule?.hint,
  });
}

/** DuckDB's own advice names settings that people do not make here; our hint stands in for it. */
function withoutAdvice(message: string): string {
  return message
    .replace(/\n+Possible solutions:[\s\S]*$/, "")
    .replace(/\n[^\n]*union_by_name=True[^\n]*/i, "");
}
