/**
 * The `args` of a function as text: what they were when they were given, whatever is done to them afterwards.
 *
 * JSON holds null, booleans, strings, finite numbers and arrays as they are; everything else is an object with its kind
 * under `$`. An object that is reached twice comes back as two.
 */
import { PondError } from "@smallpond/base";
import { decodeTagged, encodeTagged, type Tagged } from "./args-kinds.ts";

/** What stands in the text. */
export type Encoded =
  | null
  | boolean
  | number
  | string
  | readonly Encoded[]
  | { readonly [key: string]: Encoded };

const INDEX = /^(0|[1-9]\d*)$/;

/**
 * @param where what the errors call the value, such as `args`
 * @throws NOT_SERIALISABLE naming the path of a value that cannot be sent
 */
export function encodeArgs(args: unknown, where: string): string {
  return JSON.stringify(encode(args, { path: where, above: [] }));
}

export function decodeArgs(text: string): unknown {
  return decode(JSON.parse(text) as Encoded);
}

/** Where a value is, and the objects it is in. */
interface Place {
  readonly path: string;
  readonly above: readonly object[];
}

function encode(value: unknown, place: Place): Encoded {
  switch (typeof value) {
    case "boolean":
    case "string":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { $: "number", of: Object.is(value, -0) ? "-0" : String(value) };
    case "bigint":
      return { $: "bigint", of: String(value) };
    case "undefined":
      return { $: "undefined" };
    case "function":
      throw notSerialisable(place.path, `is a function${value.name === "" ? "" : ` (${value.name})`}`);
    case "symbol":
      throw notSerialisable(place.path, `is a symbol (${value.toString()})`);
    case "object":
      return value === null ? null : encodeObject(value, place);
    default:
      throw notSerialisable(place.path, `is a ${typeof value}`);
  }
}

function encodeObject(value: object, place: Place): Encoded {
  if (place.above.includes(value))
    throw notSerialisable(place.path, "is an object that it is itself part of");
  const above = [...place.above, value];
  const inside = (part: unknown, step: string): Encoded =>
    encode(part, { path: `${place.path}${step}`, above });
  if (Array.isArray(value) && Object.getPrototypeOf(value) === Array.prototype) {
    return encodeArray(value, place.path, inside);
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    return encodeFields(value as Record<string, unknown>, { prototype, path: place.path }, inside);
  }
  const tagged = encodeTagged(value, inside);
  if (tagged === undefined) throw notSerialisable(place.path, `is ${describe(value)}`);
  refuseOwnFields(value, tagged, place.path);
  return tagged;
}

function encodeArray(
  value: readonly unknown[],
  path: string,
  inside: (part: unknown, step: string) => Encoded,
): Encoded {
  const extra = Reflect.ownKeys(value).find((key) => key !== "length" && !INDEX.test(String(key)));
  if (extra !== undefined) throw notSerialisable(`${path}${stepOf(extra)}`, "is a field of an array");
  return Array.from({ length: value.length }, (_, index) =>
    index in value ? inside(value[index], `[${index}]`) : { $: "hole" },
  );
}

function encodeFields(
  value: Record<string, unknown>,
  { prototype, path }: { readonly prototype: unknown; readonly path: string },
  inside: (part: unknown, step: string) => Encoded,
): Encoded {
  const symbol = Object.getOwnPropertySymbols(value)[0];
  if (symbol !== undefined) throw notSerialisable(`${path}${stepOf(symbol)}`, "has a symbol for a name");
  const entries = Object.keys(value).map((key): [string, Encoded] => [key, inside(value[key], stepOf(key))]);
  const plain = prototype !== null && entries.every(([key]) => key !== "$" && key !== "__proto__");
  if (plain) return Object.fromEntries(entries);
  return { $: prototype === null ? "null-object" : "object", of: entries };
}

/** Fields that somebody added to a Date or a Map would be lost without a word. */
function refuseOwnFields(value: object, tagged: Tagged, path: string): void {
  if (tagged.$ === "value" || ArrayBuffer.isView(value)) return;
  const extra = Reflect.ownKeys(value).find((key) => key !== "lastIndex");
  if (extra !== undefined)
    throw notSerialisable(`${path}${stepOf(extra)}`, `is a field added to ${describe(value)}`);
}

function decode(encoded: Encoded): unknown {
  if (typeof encoded !== "object" || encoded === null) return encoded;
  if (isList(encoded)) return decodeArray(encoded);
  const { $: kind, of } = encoded as { readonly $?: string; readonly of?: Encoded };
  switch (kind) {
    case undefined:
      return decodeFields(Object.entries(encoded), {});
    case "object":
      return decodeFields(of as readonly (readonly [string, Encoded])[], {});
    case "null-object":
      return decodeFields(of as readonly (readonly [string, Encoded])[], Object.create(null) as object);
    case "undefined":
      return undefined;
    case "number":
      return Number(of);
    case "bigint":
      return BigInt(of as string);
    default:
      return decodeTagged(encoded as Tagged, decode);
  }
}

function decodeArray(encoded: readonly Encoded[]): unknown[] {
  const array = new Array<unknown>(encoded.length);
  encoded.forEach((part, index) => {
    const hole = typeof part === "object" && part !== null && !isList(part) && part.$ === "hole";
    if (!hole) array[index] = decode(part);
  });
  return array;
}

function decodeFields(entries: Iterable<readonly [string, Encoded]>, target: object): object {
  for (const [key, part] of entries) {
    // An assignment to `__proto__` would change the prototype instead.
    const value = decode(part);
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return target;
}

function isList(encoded: Encoded): encoded is readonly Encoded[] {
  return Array.isArray(encoded);
}

// ---- errors ---------------------------------------------------------------------------------------------------

function notSerialisable(path: string, what: string): PondError {
  return new PondError("NOT_SERIALISABLE", {
    kind: "invalid",
    message: `${path} ${what}, which cannot be sent to another process`,
    details: { path },
    hint: "pass plain data (numbers, text, dates, lists, maps, bytes, objects of these) and make the rest of it in the function or in setup(); or keep the function in the session's process with { inProcess: true }",
  });
}

function describe(value: object): string {
  if (typeof (value as { then?: unknown }).then === "function") return "a promise; await it first";
  const name = (value.constructor as { name?: string } | undefined)?.name;
  return name === undefined || name === "" ? "an object of an unnamed class" : `an instance of ${name}`;
}

function stepOf(key: PropertyKey): string {
  const text = String(key);
  return typeof key === "string" && /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(text)
    ? `.${text}`
    : `[${typeof key === "symbol" ? text : JSON.stringify(text)}]`;
}
