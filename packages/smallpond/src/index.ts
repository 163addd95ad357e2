/** The door of `smallpond`. */
export { formatError, isPondError, PondError } from "@smallpond/base";
export { DataFrame } from "./dataframe/data-frame.ts";
export type { ExplainedPlan, ExplainedStage, ExplainOptions } from "./dataframe/explained-plan.ts";
export type {
  BatchOptions,
  CallOptions,
  FunctionOptions,
  ShippedFunction,
} from "./dataframe/function-options.ts";
export { GroupedFrame } from "./dataframe/grouped-frame.ts";
export { init } from "./dataframe/init.ts";
export type { InitOptions, SessionSettings } from "./dataframe/init-options.ts";
export type { JoinOptions, On } from "./dataframe/join-options.ts";
export { type SessionListener, watchSessions } from "./dataframe/open-sessions.ts";
export type { Progress } from "./dataframe/progress.ts";
export type { Inputs, SqlPart } from "./dataframe/query-of.ts";
export type { RepartitionOptions } from "./dataframe/repartition-options.ts";
export type {
  ActionReport,
  FailedTaskReport,
  NodeReport,
  SessionReport,
  StageReport,
  TaskSeconds,
} from "./dataframe/report.ts";
export { type CloseOptions, Session } from "./dataframe/session.ts";
export { textTable } from "./dataframe/text-table.ts";
export type { UdfOptions } from "./dataframe/udf-options.ts";
export type { WriteResult } from "./dataframe/write.ts";
export type {
  HiveOptions,
  WriteArrowOptions,
  WriteCsvOptions,
  WriteJsonOptions,
  WriteOptions,
  WriteParquetOptions,
} from "./dataframe/write-options.ts";
export type { Column } from "./duckdb/schema.ts";
export { Bits } from "./duckdb/values/bits.ts";
export { CalendarDate } from "./duckdb/values/calendar-date.ts";
export { Decimal } from "./duckdb/values/decimal.ts";
export { Interval } from "./duckdb/values/interval.ts";
export type { JsValue, Row } from "./duckdb/values/js-value.ts";
export { sqlLiteral } from "./duckdb/values/sql-literal.ts";
export { Time } from "./duckdb/values/time.ts";
export { Timestamp } from "./duckdb/values/timestamp.ts";
export { Variant } from "./duckdb/values/variant.ts";
export {
  fromModule,
  type ModuleFunction,
  type PlainFunction,
  type StatefulFunction,
  type UserFunction,
} from "./functions/user-function.ts";
export type { CsvScanOptions } from "./logical/csv-scan.ts";
export type { JoinType } from "./logical/join.ts";
export type { JsonScanOptions } from "./logical/json-scan.ts";
export type { ParquetScanOptions } from "./logical/parquet-scan.ts";
export type { WriteMode } from "./logical/write.ts";
export { canShowLine, type ProgressMode } from "./platform/progress-display.ts";
