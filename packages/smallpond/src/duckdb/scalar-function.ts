/**
 * JavaScript functions that SQL calls, a vector at a time. All statements of the database see them; the engine waits
 * for this thread, which therefore must never wait for the engine.
 */
import { DuckDBDataChunk, DuckDBScalarFunction, type DuckDBType } from "@duckdb/node-api";
import bindings, { type Vector } from "@duckdb/node-bindings";
import type { DatabaseConnection } from "./database.ts";
import { raised } from "./raise.ts";
import { typeText } from "./type-text.ts";
import { countNulls, isValid } from "./values/bitmap.ts";
import type { ColumnData } from "./values/column-data.ts";
import { decodeColumn } from "./values/decode.ts";
import { encodeColumn } from "./values/encode.ts";
import { describeValue, Misfit } from "./values/errors.ts";
import type { JsValue } from "./values/js-value.ts";
import { readColumn } from "./values/read-vector.ts";
import { safeIntegers } from "./values/row-converter.ts";
import { writeWhole } from "./values/write-vector.ts";

export interface ScalarFunction {
  /** As SQL names it. */
  readonly name: string;
  /** DuckDB types. */
  readonly parameters: readonly string[];
  readonly returns: string;
  readonly nulls: "skip" | "pass";
  readonly volatile: boolean;
  readonly int64: "bigint" | "number";
  call(...values: JsValue[]): unknown;
  /** What to say of an error that `call` threw. */
  describe(error: unknown): string;
}

export async function registerScalarFunction(
  connection: DatabaseConnection,
  fn: ScalarFunction,
): Promise<void> {
  const types = [...fn.parameters, fn.returns].map((type, i) => `CAST(NULL AS ${type}\n) AS c${i}`);
  const columns = await connection.servedColumns(`SELECT ${types.join(", ")}`);
  const returns = columns.at(-1)!;
  const parameters = columns.slice(0, -1);
  const definition = new DuckDBScalarFunction();
  definition.setName(fn.name);
  const scalar = definition.scalar_function;
  for (const { type } of parameters) bindings.scalar_function_add_parameter(scalar, type.logical_type);
  bindings.scalar_function_set_return_type(scalar, returns.type.logical_type);
  if (fn.volatile) definition.setVolatile();
  if (fn.nulls === "pass") definition.setSpecialHandling();
  const run = vectorCall(
    fn,
    parameters.map(({ tree }) => tree),
    returns.tree,
  );
  bindings.scalar_function_set_function(scalar, (_info, input, output) => {
    run(new DuckDBDataChunk(input), output);
  });
  connection.raw.registerScalarFunction(definition);
  definition.destroySync();
}

type VectorCall = (chunk: DuckDBDataChunk, output: Vector) => void;

function vectorCall(fn: ScalarFunction, parameters: readonly DuckDBType[], returns: DuckDBType): VectorCall {
  const integer = fn.int64 === "number" ? safeIntegers(`a parameter of ${fn.name}()`) : undefined;
  return (chunk, output) => {
    const count = chunk.rowCount;
    const columns = parameters.map((type, index) => readColumn(chunk, index, type));
    const values = columns.map((column, index) => decodeColumn(column, parameters[index]!, integer));
    const skipped = fn.nulls === "skip" ? rowsWithNull(columns, count) : null;
    const results = called(fn, values, count, skipped);
    writeWhole(output, returns, encoded(fn, results, returns));
  };
}

/** One result per row, without a call for rows that are skipped. */
function called(
  fn: ScalarFunction,
  values: readonly (readonly JsValue[])[],
  count: number,
  skipped: Uint8Array | null,
): unknown[] {
  const results = new Array<unknown>(count);
  const [first, second] = values;
  let row = 0;
  try {
    for (; row < count; row++) {
      if (skipped !== null && skipped[row] === 1) results[row] = null;
      else if (values.length === 1) results[row] = fn.call(first![row]!);
      else if (values.length === 2) results[row] = fn.call(first![row]!, second![row]!);
      else results[row] = fn.call(...values.map((column) => column[row]!));
    }
  } catch (error) {
    throw raised("FUNCTION_FAILED", fn.describe(error), "");
  }
  return results;
}

function rowsWithNull(columns: readonly ColumnData[], count: number): Uint8Array | null {
  let skipped: Uint8Array | null = null;
  for (const { validity } of columns) {
    if (countNulls(validity, 0, count) === 0) continue;
    skipped ??= new Uint8Array(count);
    for (let row = 0; row < count; row++) if (!isValid(validity, row)) skipped[row] = 1;
  }
  return skipped;
}

function encoded(fn: ScalarFunction, results: readonly unknown[], type: DuckDBType): ColumnData {
  try {
    return encodeColumn(results, type);
  } catch (error) {
    const value = results.find((one) => !fits(one, type));
    const promise = typeof (value as { then?: unknown } | null)?.then === "function";
    if (promise) {
      const hint = "call services with map(), which waits, and join what they return";
      throw raised("ASYNC_UDF", `${fn.name}() returned a promise, which SQL cannot wait for`, hint);
    }
    if (!(error instanceof Misfit)) throw error;
    const message = `${fn.name}() returned ${describeValue(value)}, which does not fit ${typeText(type)}: ${error.message}`;
    throw raised(
      "FUNCTION_RESULT",
      message,
      error.hint ?? "return a value of that type, or change `returns`",
    );
  }
}

function fits(value: unknown, type: DuckDBType): boolean {
  try {
    encodeColumn([value], type);
    return true;
  } catch {
    return false;
  }
}
