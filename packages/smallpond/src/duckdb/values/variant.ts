/** DuckDB's VARIANT in JavaScript. */
import { inspectAs } from "./inspect.ts";
import type { JsValue } from "./js-value.ts";

/**
 * A value that brings its own type. `type` is the DuckDB type of `value`; a list of unlike items has type `VARIANT[]`
 * and its items are Variants themselves. A VARIANT that is null inside has the value null and the type `"NULL"`; an SQL
 * NULL is plain null as in every column.
 */
export class Variant {
  readonly value: JsValue;
  readonly type: string;

  constructor(value: JsValue, type: string) {
    this.value = value;
    this.type = type;
  }

  /** The value without types, all the way down. */
  unwrap(): JsValue {
    return unwrap(this.value);
  }

  toString(): string {
    return String(this.unwrap());
  }

  toJSON(): JsValue {
    return this.value;
  }
}

inspectAs(Variant, (variant, inspect) => `${variant.type} ${inspect(variant.unwrap())}`);

function unwrap(value: JsValue): JsValue {
  if (value instanceof Variant) return value.unwrap();
  if (Array.isArray(value)) return value.map(unwrap);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, unwrap(part)]));
}
