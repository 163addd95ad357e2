/** Row objects into the columns they must have, a few thousand at a time. */
import type { DuckDBType } from "@duckdb/node-api";
import { isPondError } from "@smallpond/base";
import { typeText } from "../type-text.ts";
import type { ColumnData } from "./column-data.ts";
import { encodeColumn } from "./encode.ts";
import { describeValue, Misfit } from "./errors.ts";

export type InputRow = Readonly<Record<string, unknown>>;

export interface EncodedColumn {
  readonly name: string;
  readonly tree: DuckDBType;
  /** Whether every row must have the field; otherwise a missing one is NULL. */
  readonly always: boolean;
}

/** A row that is not like the columns; whoever knows what the row is says so to people. */
export class RowMisfit extends Error {
  readonly kind: "new-field" | "missing-field" | "value";
  /** Among the rows given. */
  readonly row: number;
  readonly column: string;
  /** The value and the type, as people read them. */
  readonly value: string | undefined;
  readonly type: string | undefined;
  readonly hint: string | undefined;

  constructor(
    kind: RowMisfit["kind"],
    place: { readonly row: number; readonly column: string },
    misfit?: {
      readonly value: string;
      readonly type: string;
      readonly reason: string;
      readonly hint?: string;
    },
  ) {
    super(misfit?.reason ?? kind);
    this.kind = kind;
    this.row = place.row;
    this.column = place.column;
    this.value = misfit?.value;
    this.type = misfit?.type;
    this.hint = misfit?.hint;
  }
}

export class RowEncoder {
  readonly #columns: readonly EncodedColumn[];
  readonly #names: readonly string[];

  constructor(columns: readonly EncodedColumn[]) {
    this.#columns = columns;
    this.#names = columns.map((column) => column.name);
  }

  /** @throws RowMisfit for the first row that has a field too many or too few, or a value that does not fit. */
  encode(rows: readonly InputRow[]): ColumnData[] {
    let complete = true;
    for (let index = 0; index < rows.length; index++) {
      if (!this.#isAlike(rows[index]!)) complete = this.#hasAll(rows[index]!, index) && complete;
    }
    return this.#columns.map((column) => {
      const { name } = column;
      const values = new Array<unknown>(rows.length);
      for (let index = 0; index < rows.length; index++) {
        const row = rows[index]!;
        // A column may be called `constructor`, which every object has.
        values[index] = complete || Object.hasOwn(row, name) ? row[name] : null;
      }
      return encodeValues(column, values);
    });
  }

  /** Nearly every row has the fields of the columns in their order, which one walk sees. */
  #isAlike(row: InputRow): boolean {
    const names = this.#names;
    let at = 0;
    for (const key in row) if (key !== names[at++]) return false;
    return at === names.length;
  }

  #hasAll(row: InputRow, index: number): boolean {
    let complete = true;
    for (const key of Object.keys(row)) {
      if (!this.#names.includes(key)) throw new RowMisfit("new-field", { row: index, column: key });
    }
    for (const { name, always } of this.#columns) {
      if (Object.hasOwn(row, name)) continue;
      if (always) throw new RowMisfit("missing-field", { row: index, column: name });
      complete = false;
    }
    return complete;
  }
}

function encodeValues(column: EncodedColumn, values: readonly unknown[]): ColumnData {
  try {
    return encodeColumn(values, column.tree);
  } catch (error) {
    if (!(error instanceof Misfit) && !isPondError(error)) throw error;
    for (const [row, value] of values.entries()) {
      const problem = problemOf(value, column.tree);
      if (problem === undefined) continue;
      const { reason, hint } = problem;
      const misfit = { value: describeValue(value), type: typeText(column.tree), reason, ...hint };
      throw new RowMisfit("value", { row, column: column.name }, misfit);
    }
    throw error;
  }
}

function problemOf(
  value: unknown,
  type: DuckDBType,
): { readonly reason: string; readonly hint: { readonly hint?: string } } | undefined {
  try {
    encodeColumn([value], type);
    return undefined;
  } catch (error) {
    const { message, hint } = error as Misfit;
    return { reason: message, hint: hint === undefined ? {} : { hint } };
  }
}
