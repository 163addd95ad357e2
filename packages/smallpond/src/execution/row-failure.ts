/** What goes wrong with one row or batch of a function's input, and how its place is told to people. */
import { isPondError, PondError } from "@smallpond/base";
import type { DatabaseConnection } from "../duckdb/database.ts";
import { describeValue } from "../duckdb/values/errors.ts";
import type { RowMisfit } from "../duckdb/values/row-encoder.ts";
import type { FunctionSpec } from "../functions/spec.ts";
import { type OpenFunction, textOf } from "./function-pool.ts";
import type { FunctionTask } from "./task.ts";

/** A failure at some row of the partition, before it is known which row of which file that is. */
export class RowFailure extends Error {
  /** Counted from 0 in the task's input. */
  readonly row: number;
  /** The error for people, given the place in words and as data. */
  readonly at: (place: string, details: PlaceDetails) => PondError;

  constructor(row: number, at: RowFailure["at"]) {
    super(`at row ${row}`);
    this.row = row;
    this.at = at;
  }
}

export interface PlaceDetails {
  /** In the partition, counted from 0. */
  readonly row: number;
  readonly partition: number;
  readonly file?: string;
  /** In the file, counted from 0. */
  readonly fileRow?: number;
}

/** What to try when results are not alike. */
export const RESULT_HINT =
  "pass { schema: { name: type, … } } with types that hold every value, or make the function return values of one type";

/** A call that threw, timed out, or was rejected. */
export function callFailure(fn: OpenFunction, spec: FunctionSpec, row: number, error: unknown): RowFailure {
  return new RowFailure(row, (place, details) => {
    const location = fn.location(error);
    const timeout = isPondError(error, "FUNCTION_TIMEOUT") ? error : undefined;
    const what =
      timeout === undefined
        ? `${spec.name}() threw at ${place}: ${textOf(error)}`
        : `${timeout.message} at ${place}`;
    return new PondError(timeout?.code ?? "FUNCTION_FAILED", {
      kind: timeout?.kind ?? "invalid",
      message: location === undefined ? what : `${what}\n  thrown at ${location}`,
      details: { function: spec.name, ...details, ...(location === undefined ? {} : { location }) },
      cause: error,
    });
  });
}

/** Something other than rows. */
export function notRows(spec: FunctionSpec, row: number, value: unknown): RowFailure {
  const wanted =
    spec.form === "map" ? "an object with a field per column" : "an array of objects with a field per column";
  return new RowFailure(row, (place, details) => {
    return new PondError("FUNCTION_RESULT", {
      kind: "invalid",
      message: `${spec.name}() must return ${wanted}, but for ${place} it returned ${describe(value)}`,
      details: { function: spec.name, ...details },
    });
  });
}

/** A row that is not like those before it, or not like the schema. */
export function misfitFailure(spec: FunctionSpec, row: number, misfit: RowMisfit): RowFailure {
  const { column, kind, value, type, hint } = misfit;
  return new RowFailure(row, (place, details) => {
    const given = spec.columns?.every(({ always }) => !always) === true;
    const known = given ? "the schema" : "the rows before it";
    const messages = {
      "new-field": `${spec.name}() returned a field "${column}" for ${place}, which is not in ${known}`,
      "missing-field": `${spec.name}() returned no field "${column}" for ${place}, which all rows before it had`,
      value: `${spec.name}() returned ${value} in "${column}" for ${place}, which does not fit ${type}: ${misfit.message}`,
    };
    return new PondError("FUNCTION_RESULT", {
      kind: "invalid",
      message: messages[kind],
      details: { function: spec.name, column, ...(value === undefined ? {} : { value, type }), ...details },
      hint: hint === undefined || hint === "" ? RESULT_HINT : `${hint}; or ${RESULT_HINT}`,
    });
  });
}

/** The failure as an error that names the file and row, as far as they can be known; other errors as they are. */
export async function placed(
  connection: DatabaseConnection,
  task: Pick<FunctionTask, "places" | "partition">,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof RowFailure)) return error;
  const { row } = error;
  const base = { row, partition: task.partition.index };
  const found = task.places === null ? undefined : await fileRow(connection, task.places, row);
  if (found !== undefined) {
    return error.at(`row ${found.fileRow} of ${found.file}, counted from 0`, { ...base, ...found });
  }
  const { index, count } = task.partition;
  const where = count === 1 ? "its input" : `partition ${index} of ${count}`;
  return error.at(`row ${row} of ${where}, counted from 0`, base);
}

/** Read again, which takes a while for a late row and only happens when a job fails. */
async function fileRow(
  connection: DatabaseConnection,
  places: string,
  row: number,
): Promise<{ readonly file: string; readonly fileRow: number } | undefined> {
  try {
    const [found] = await connection.rows(`SELECT * FROM (${places}) LIMIT 1 OFFSET ${row}`);
    if (found === undefined) return undefined;
    return { file: found.file as string, fileRow: Number(found.row) };
  } catch {
    // The place is an extra: the failure itself must be heard.
    return undefined;
  }
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? describeValue(value) : `a ${typeof value}`;
}
