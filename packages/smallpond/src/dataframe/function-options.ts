/** What people pass with a function, and the call policy it means. */
import type { CallPolicy, FunctionForm } from "../functions/spec.ts";
import {
  isModuleFunction,
  isStatefulFunction,
  type ModuleFunction,
  type StatefulFunction,
  type UserFunction,
} from "../functions/user-function.ts";
import { badArgument } from "./arguments.ts";
import { OptionReader } from "./option-reader.ts";

/** What `map` and its like take besides a function: an object with state, or an export of a module. */
export type ShippedFunction<In, Out, State, Args> = StatefulFunction<In, Out, State, Args> | ModuleFunction;

/** How a function is called, wherever it runs. */
export interface CallOptions<Args = unknown> {
  /**
   * Data for the function, its second parameter (`setup()`'s only one). Sent to executors with it: plain data, dates,
   * lists, maps, bytes.
   */
  readonly args?: Args;
  /**
   * Keeps the function in the session's own process, where it may use variables around it; default false. Otherwise it
   * runs in executors when there are some, and must bring along what it uses.
   */
  readonly inProcess?: boolean;
  /** Calls of an async function under way at once, per executor: 1 to 1,024, default 8. Others run one by one. */
  readonly concurrency?: number;
  /** Calls started per second, over all executors of the job: above 0, up to 1,000,000; no limit by default. */
  readonly ratePerSecond?: number;
  /** Further attempts after a failed one, after pauses of 0.2 s, 0.4 s, … up to 30 s: 0 to 100, default 0. */
  readonly retries?: number;
  /**
   * Time one attempt of an async function may take, in milliseconds: 1 to 2,147,483,647, no limit by default. Then the
   * `signal` in its last parameter aborts and the attempt counts as failed.
   */
  readonly timeoutMs?: number;
}

export interface FunctionOptions<Args = unknown> extends CallOptions<Args> {
  /**
   * Output columns: name to DuckDB type, such as `{ host: "VARCHAR", hits: "BIGINT" }`. Otherwise they are those of the
   * first 1,000 rows (10 of an async function), and a later row that does not fit is an error. Where something has to
   * know them before the function runs, such as `schema()` or a frame in partitions, it is called for these rows twice.
   */
  readonly schema?: Readonly<Record<string, string>>;
  /**
   * What becomes of a call that failed for good: `"fail"`, the default, fails the job. With `{ column: "error" }` the
   * job goes on: the message is kept in that column, which is NULL in all other rows, beside the columns that the input
   * has with the same name and type; other columns of such a row are NULL.
   */
  readonly onError?: "fail" | { readonly column: string };
}

export interface BatchOptions<Args = unknown> extends CallOptions<Args> {
  /** Output columns: name to DuckDB type; those of the first batch returned when not given. */
  readonly schema?: Readonly<Record<string, string>>;
  /** Rows per call: 1 to 16,777,216, default 122,880. */
  readonly batchSize?: number;
}

/** The options as the session keeps them. */
export interface FunctionSettings {
  readonly schema: Readonly<Record<string, string>> | null;
  readonly args: unknown;
  readonly inProcess: boolean;
  readonly batchRows: number;
  readonly calls: CallPolicy;
}

export const BATCH_ROWS = 122_880;
const BATCH_ROWS_MAX = 16_777_216;
const CONCURRENCY = 8;
const CONCURRENCY_MAX = 1_024;
const RATE_MAX = 1_000_000;
const RETRIES_MAX = 100;
/** Node's timers reach no further. */
const TIMEOUT_MS_MAX = 2_147_483_647;

const CALL_OPTIONS = ["args", "inProcess", "concurrency", "ratePerSecond", "retries", "timeoutMs"];
const OWN_OPTIONS: Readonly<Record<FunctionForm, readonly string[]>> = {
  map: ["schema", "onError"],
  "flat-map": ["schema", "onError"],
  filter: [],
  batches: ["schema", "batchSize"],
};
const VERBS = { map: "map", "flat-map": "flatMap", filter: "filter", batches: "mapBatches" } as const;

/** @throws BAD_ARGUMENT for what is no function. */
export function functionOf(
  form: FunctionForm,
  fn: unknown,
): { readonly fn: UserFunction; readonly name: string } {
  if (typeof fn === "function")
    return { fn: fn as UserFunction, name: fn.name === "" ? "anonymous" : fn.name };
  if (isModuleFunction(fn)) return { fn, name: fn.name };
  if (isStatefulFunction(fn)) return { fn, name: "call" };
  const what = form === "batches" ? "a function" : "SQL text or a function";
  throw badArgument(VERBS[form], `expected ${what}, an object with setup() and call(), or fromModule(…)`, fn);
}

/** @throws BAD_ARGUMENT naming the option. */
export function functionSettings(form: FunctionForm, options: object): FunctionSettings {
  const read = new OptionReader(VERBS[form], options);
  read.expectNames([...OWN_OPTIONS[form], ...CALL_OPTIONS]);
  const schema = schemaOf(read);
  return {
    schema,
    args: read.value("args"),
    inProcess: read.flag("inProcess", false),
    batchRows: read.count("batchSize", 1, BATCH_ROWS_MAX) ?? BATCH_ROWS,
    calls: {
      concurrency: read.count("concurrency", 1, CONCURRENCY_MAX) ?? CONCURRENCY,
      ratePerSecond: rateOf(read),
      retries: read.count("retries", 0, RETRIES_MAX) ?? 0,
      timeoutMs: read.count("timeoutMs", 1, TIMEOUT_MS_MAX),
      onError: onErrorOf(read, schema),
    },
  };
}

function schemaOf(read: OptionReader): FunctionSettings["schema"] {
  const schema = read.value("schema");
  if (schema === undefined) return null;
  const isRecord = typeof schema === "object" && schema !== null && !Array.isArray(schema);
  const entries = isRecord ? Object.entries(schema) : [];
  if (entries.length > 0 && entries.every(([, type]) => typeof type === "string")) {
    return { ...(schema as Readonly<Record<string, string>>) };
  }
  throw read.bad("schema must name at least one column with its type", '{ schema: { host: "VARCHAR" } }');
}

function rateOf(read: OptionReader): number | null {
  const rate = read.value("ratePerSecond");
  if (rate === undefined) return null;
  if (typeof rate === "number" && rate > 0 && rate <= RATE_MAX) return rate;
  throw read.bad(`ratePerSecond must be a number above 0 and up to ${RATE_MAX}, got ${String(rate)}`);
}

function onErrorOf(read: OptionReader, schema: FunctionSettings["schema"]): CallPolicy["onError"] {
  const onError = read.value("onError");
  if (onError === undefined || onError === "fail") return { kind: "fail" };
  const column =
    typeof onError === "object" && onError !== null ? (onError as { column?: unknown }).column : undefined;
  if (typeof column !== "string" || column === "") {
    throw read.bad('onError must be "fail" or { column: name }');
  }
  const taken = Object.keys(schema ?? {}).find((name) => name.toLowerCase() === column.toLowerCase());
  if (taken !== undefined) {
    throw read.bad(
      `onError: column ${taken} is in the schema too`,
      "leave it out of the schema: it is added",
    );
  }
  return { kind: "keep", column };
}
