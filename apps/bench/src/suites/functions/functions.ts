/** The functions under test: the same ones in our sides and in the loops beside them. Executors import this module. */
import { makeVector, Table } from "apache-arrow";

export interface Sale {
  readonly id: bigint;
  readonly amount: number;
}

/** A row to a row. */
export function total(sale: Sale): { id: bigint; total: number } {
  return { id: sale.id, total: sale.amount * 1.19 };
}

/** The same for a batch: `id` as it is, and a new column. */
export function totals(table: Table): Table {
  const amounts = table.getChild("amount")!.data[0]!.values as Float64Array;
  return new Table({ id: table.getChild("id")!, total: makeVector(totalsOf(amounts)) });
}

export function totalsOf(amounts: Float64Array): Float64Array {
  const results = new Float64Array(amounts.length);
  for (let row = 0; row < amounts.length; row++) results[row] = amounts[row]! * 1.19;
  return results;
}

/** A number to a number. */
export function taxed(amount: number): number {
  return amount * 1.19;
}

/** A text to a text. */
export function shortened(product: string): string {
  return product.slice(4).toLowerCase();
}
