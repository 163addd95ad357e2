/** How much a frame is thought to hold, before it is computed. */

/**
 * What stands behind a size. `exact`: counted. `about`: rows counted, bytes from how the files hold their columns.
 * `at-most`: the same before steps that leave rows out. `guess`: the engine's own estimate of rows.
 */
export const CERTAINTIES = ["exact", "about", "at-most", "guess"] as const;

export type Certainty = (typeof CERTAINTIES)[number];

export interface Size {
  /** Null where nobody counted: text files. */
  readonly rows: number | null;
  /** As intermediate files: compressed, and without columns that nothing reads any more. */
  readonly bytes: number;
  readonly certainty: Certainty;
}

/** A size with its bytes by column, so that it can follow the columns through the plan. */
export interface ColumnSizes {
  readonly rows: number | null;
  readonly certainty: Certainty;
  /** Bytes of all rows, by column. */
  readonly columns: ReadonlyMap<string, number>;
}

export function sizeOf({ rows, certainty, columns }: ColumnSizes): Size {
  let bytes = 0;
  for (const one of columns.values()) bytes += one;
  return { rows, bytes: Math.round(bytes), certainty };
}

export function weaker(...all: readonly Certainty[]): Certainty {
  return CERTAINTIES[Math.max(...all.map((one) => CERTAINTIES.indexOf(one)))]!;
}

const WIDTHS: Readonly<Record<string, number>> = {
  BOOLEAN: 1 / 8,
  TINYINT: 1,
  UTINYINT: 1,
  SMALLINT: 2,
  USMALLINT: 2,
  INTEGER: 4,
  UINTEGER: 4,
  FLOAT: 4,
  DATE: 2,
  UUID: 16,
  HUGEINT: 16,
  UHUGEINT: 16,
  INTERVAL: 16,
};
const NUMBER_BYTES = 8;
const TEXT_BYTES = 16;
const NESTED_BYTES = 32;

/** Bytes of a value whose column was not seen in any file. */
export function valueBytes(type: string): number {
  const known = WIDTHS[type];
  if (known !== undefined) return known;
  if (/^(STRUCT|MAP|UNION|VARIANT|JSON)|\[\d*\]$/.test(type)) return NESTED_BYTES;
  return /^(VARCHAR|BLOB|BIT|GEOMETRY|BIGNUM)/.test(type) ? TEXT_BYTES : NUMBER_BYTES;
}
