/** The classes whose instances can be given as `args`: JavaScript's own, and those of the values in rows. */
import { Bits } from "../duckdb/values/bits.ts";
import { CalendarDate } from "../duckdb/values/calendar-date.ts";
import { Decimal } from "../duckdb/values/decimal.ts";
import { Interval } from "../duckdb/values/interval.ts";
import type { JsValue } from "../duckdb/values/js-value.ts";
import { Time } from "../duckdb/values/time.ts";
import { Timestamp, type TimestampUnit } from "../duckdb/values/timestamp.ts";
import { Variant } from "../duckdb/values/variant.ts";
import type { Encoded } from "./args.ts";

/** An instance of a class, its kind under `$`. */
export type Tagged = { readonly $: string; readonly of: Encoded; readonly [key: string]: Encoded };

type Inside = (part: unknown, step: string) => Encoded;

const VIEWS: Readonly<Record<string, new (memory: ArrayBuffer) => ArrayBufferView>> = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
};

/** Undefined for an instance of any other class. Subclasses are other classes: what they add would be lost. */
export function encodeTagged(value: object, inside: Inside): Tagged | undefined {
  return encodeBuiltIn(value, inside) ?? encodeBytes(value) ?? encodeValue(value, inside);
}

export function decodeTagged(tagged: Tagged, decode: (encoded: Encoded) => unknown): unknown {
  const { $: kind, of } = tagged;
  switch (kind) {
    case "date":
      return new Date(of === null ? Number.NaN : (of as number));
    case "regexp":
      return Object.assign(new RegExp(of as string, tagged.flags as string), { lastIndex: tagged.lastIndex });
    case "map":
      return new Map(
        (of as readonly (readonly [Encoded, Encoded])[]).map(([key, part]) => [decode(key), decode(part)]),
      );
    case "set":
      return new Set((of as readonly Encoded[]).map(decode));
    case "bytes":
      return decodeBytes(tagged.class as string, of as string);
    default:
      return decodeValue(tagged.class as string, (of as readonly Encoded[]).map(decode));
  }
}

function encodeBuiltIn(value: object, inside: Inside): Tagged | undefined {
  switch (Object.getPrototypeOf(value)) {
    case Date.prototype: {
      const ms = (value as Date).getTime();
      return { $: "date", of: Number.isNaN(ms) ? null : ms };
    }
    case RegExp.prototype: {
      const { source, flags, lastIndex } = value as RegExp;
      return { $: "regexp", of: source, flags, lastIndex };
    }
    case Map.prototype: {
      const entries = [...(value as ReadonlyMap<unknown, unknown>)];
      const of = entries.map(([key, part], at) => [
        inside(key, `.keys[${at}]`),
        inside(part, stepOfKey(key, at)),
      ]);
      return { $: "map", of };
    }
    case Set.prototype:
      return {
        $: "set",
        of: [...(value as ReadonlySet<unknown>)].map((part, at) => inside(part, `.values[${at}]`)),
      };
    default:
      return undefined;
  }
}

function stepOfKey(key: unknown, at: number): string {
  return typeof key === "string" || typeof key === "number"
    ? `.get(${JSON.stringify(key)})`
    : `.values[${at}]`;
}

// ---- bytes ----------------------------------------------------------------------------------------------------

/** Only the bytes that a view shows. */
function encodeBytes(value: object): Tagged | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === ArrayBuffer.prototype) {
    return { $: "bytes", class: "ArrayBuffer", of: Buffer.from(value as ArrayBuffer).toString("base64") };
  }
  if (!ArrayBuffer.isView(value)) return undefined;
  const of = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  if (prototype === Buffer.prototype) return { $: "bytes", class: "Buffer", of };
  const name = Object.entries(VIEWS).find(
    (entry) => (entry[1] as { readonly prototype: unknown }).prototype === prototype,
  )?.[0];
  return name === undefined ? undefined : { $: "bytes", class: name, of };
}

function decodeBytes(name: string, base64: string): unknown {
  const buffer = Buffer.from(base64, "base64");
  if (name === "Buffer") return buffer;
  // A Buffer may lie anywhere in a pool; other views need their own memory, aligned.
  const { buffer: memory } = Uint8Array.from(buffer);
  return name === "ArrayBuffer" ? memory : new VIEWS[name]!(memory);
}

// ---- values of rows -------------------------------------------------------------------------------------------

function encodeValue(value: object, inside: Inside): Tagged | undefined {
  const fields = fieldsOf(value);
  if (fields === undefined) return undefined;
  const [name, ...parts] = fields;
  return { $: "value", class: name, of: parts.map((part) => inside(part, ".value")) };
}

function fieldsOf(value: object): readonly [name: string, ...fields: unknown[]] | undefined {
  if (value instanceof Timestamp) return ["Timestamp", value.ticks, value.unit, value.withTimeZone];
  if (value instanceof CalendarDate) return ["CalendarDate", value.days];
  if (value instanceof Decimal) return ["Decimal", value.value, value.width, value.scale];
  if (value instanceof Time) return ["Time", value.nanos, value.unit, value.offsetSeconds];
  if (value instanceof Interval) return ["Interval", value.months, value.days, value.micros];
  if (value instanceof Bits) return ["Bits", value.text];
  if (value instanceof Variant) return ["Variant", value.value, value.type];
  return undefined;
}

function decodeValue(name: string, [first, second, third]: readonly unknown[]): unknown {
  switch (name) {
    case "Timestamp":
      return new Timestamp(first as bigint, {
        unit: second as TimestampUnit,
        withTimeZone: third as boolean,
      });
    case "CalendarDate":
      return new CalendarDate(first as number);
    case "Decimal":
      return new Decimal(first as bigint, { width: second as number, scale: third as number });
    case "Time":
      return new Time(first as bigint, {
        unit: second as "us" | "ns",
        offsetSeconds: third as number | undefined,
      });
    case "Interval":
      return new Interval({ months: first as number, days: second as number, micros: third as bigint });
    case "Bits":
      return new Bits(first as string);
    default:
      return new Variant(first as JsValue, second as string);
  }
}
