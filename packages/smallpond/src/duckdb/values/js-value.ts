/** What a row holds. Which of these depends on the column's type alone, never on the value; see `docs/types.md`. */
import type { Bits } from "./bits.ts";
import type { Decimal } from "./decimal.ts";
import type { Interval } from "./interval.ts";
import type { Time } from "./time.ts";
import type { Variant } from "./variant.ts";

/** Any value of a row. `Timestamp` and `CalendarDate` are Dates. */
export type JsValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Date
  | Decimal
  | Time
  | Interval
  | Bits
  | Variant
  | readonly JsValue[]
  | ReadonlyMap<JsValue, JsValue>
  | { readonly [field: string]: JsValue };

/** One row, keyed by column name in column order. */
export type Row = Record<string, JsValue>;
