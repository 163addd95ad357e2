/** The columns of a function that nobody named: those of the first rows it returns. */
import { PondError } from "@smallpond/base";
import { inferColumns } from "../duckdb/values/infer-columns.ts";
import type { FunctionSpec, OutputColumn } from "../functions/spec.ts";
import { textOf } from "./function-pool.ts";

/** Inputs that decide; fewer for functions that wait for something, which may cost money. */
export const SAMPLE_INPUTS = 1_000;
export const SAMPLE_INPUTS_ASYNC = 10;
/** Inputs looked at before a column of nothing but NULL is taken for one, times the above. */
const NULLS_FACTOR = 64;

/** Collects what a function returned until its columns are known. */
export class ColumnSample {
  readonly #spec: FunctionSpec;
  readonly #rows: Readonly<Record<string, unknown>>[] = [];
  #inputs = 0;
  #wanted = SAMPLE_INPUTS;

  constructor(spec: FunctionSpec) {
    this.#spec = spec;
  }

  get inputs(): number {
    return this.#inputs;
  }

  /** The function waits for something: fewer rows have to do. */
  waited(): void {
    this.#wanted = SAMPLE_INPUTS_ASYNC;
  }

  /** One more call was made. */
  called(): void {
    this.#inputs++;
  }

  /** It returned this row. */
  add(row: Readonly<Record<string, unknown>>): void {
    this.#rows.push(row);
  }

  /** Whether more inputs would only confirm it. */
  get isEnough(): boolean {
    if (this.#inputs < this.#wanted || this.#rows.length === 0) return false;
    return this.#inputs >= this.#wanted * NULLS_FACTOR || !this.#hasUnknown();
  }

  /** The columns, or null when no row was returned. */
  columns(): readonly OutputColumn[] | null {
    if (this.#rows.length === 0) return null;
    try {
      return inferColumns(this.#rows).map(({ name, type }) => {
        return { name, type, always: this.#rows.every((row) => Object.hasOwn(row, name)) };
      });
    } catch (error) {
      throw new PondError("FUNCTION_RESULT", {
        kind: "invalid",
        message: `the rows that ${this.#spec.name}() returned do not go together: ${textOf(error)}`,
        details: { function: this.#spec.name },
        hint: "return values of one type in each field, or pass { schema: { name: type, … } }",
        cause: error,
      });
    }
  }

  #hasUnknown(): boolean {
    const names = new Set(this.#rows.flatMap((row) => Object.keys(row)));
    return [...names].some((name) =>
      this.#rows.every((row) => row[name] === null || row[name] === undefined),
    );
  }
}
