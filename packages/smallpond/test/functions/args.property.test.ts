/** `args` come out of the text as what they were when they were given. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeArgs, encodeArgs } from "../../src/functions/args.ts";
import { Bits, CalendarDate, Decimal, Interval, Time, Timestamp, Variant } from "../../src/index.ts";
import { failureOf } from "../support/failure.ts";

const leaves = fc.oneof(
  fc.constantFrom(null, undefined, true, false, -0, Number.NaN, Infinity, -Infinity),
  fc.double(),
  fc.string({ unit: "binary" }),
  fc.bigInt(),
  fc.date({ noInvalidDate: false }),
  fc.constantFrom(/a+/giu, /\/\n/, /(?:)/),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fc.float64Array(),
  fc.bigUint64Array(),
  fc.uint8Array().map((bytes) => bytes.buffer.slice(0)),
  fc.uint16Array().map((units) => new DataView(units.buffer)),
  fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n }).map((ticks) => new Timestamp(ticks)),
  fc.constantFrom(
    new Timestamp(1n, { unit: "ns" }),
    Timestamp.infinity({ withTimeZone: true }),
    new CalendarDate(-800_000_000),
    Decimal.from("-12.30"),
    new Decimal(1n, { width: 38, scale: 38 }),
    Time.from("24:00:00"),
    Time.from("12:00:00+05:30"),
    new Interval({ months: -1, micros: 2n ** 62n }),
    new Bits("0101"),
    new Variant([new Variant(1n, "BIGINT")], "VARIANT[]"),
  ),
);

const values = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaves,
    fc.array(tie("value")),
    fc.sparseArray(tie("value"), { maxLength: 5 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom("$", "of", "__proto__", "toJSON")), tie("value")),
    fc.array(fc.tuple(tie("value"), tie("value"))).map((entries) => new Map(entries)),
    fc.array(tie("value")).map((list) => new Set(list)),
  ),
})).value;

test("whatever may be sent comes back equal", () => {
  fc.assert(
    fc.property(values, (value) => {
      const text = encodeArgs(value, "args");
      expect(decodeArgs(text)).toStrictEqual(value);
      expect(encodeArgs(decodeArgs(text), "args")).toBe(text);
    }),
    { numRuns: 200 },
  );
});

test("is a snapshot: bytes, lists and objects may be changed afterwards", () => {
  const args = { list: [1], bytes: Uint8Array.of(1, 2), map: new Map([["a", { n: 1 }]]) };
  const text = encodeArgs(args, "args");
  args.list.push(2);
  args.bytes[0] = 9;
  args.map.get("a")!.n = 9;
  expect(decodeArgs(text)).toEqual({
    list: [1],
    bytes: Uint8Array.of(1, 2),
    map: new Map([["a", { n: 1 }]]),
  });
});

test("a view takes only what it shows, and keeps its kind", () => {
  const memory = new Float64Array([1, 2, 3]);
  expect(decodeArgs(encodeArgs(memory.subarray(1, 2), "args"))).toStrictEqual(new Float64Array([2]));
  expect(Buffer.isBuffer(decodeArgs(encodeArgs(Buffer.from("ab"), "args")))).toBe(true);
});

test("a regular expression goes on where it stood", () => {
  const words = /\w/g;
  words.test("ab");
  expect((decodeArgs(encodeArgs(words, "args")) as RegExp).lastIndex).toBe(1);
});

class InferenceSession {
  readonly path = "m.onnx";
}
const loop: Record<string, unknown> = { name: "loop" };
loop.self = { inner: loop };

test.each<[what: string, value: unknown, message: string]>([
  [
    "a class instance",
    { model: { session: new InferenceSession() } },
    "args.model.session is an instance of InferenceSession",
  ],
  ["a function", { clean: () => 1 }, "args.clean is a function (clean)"],
  ["a symbol", [Symbol("s")], "args[0] is a symbol (Symbol(s))"],
  ["a promise", { a: [Promise.resolve(1)] }, "args.a[0] is a promise; await it first"],
  ["a cycle", loop, "args.self.inner is an object that it is itself part of"],
  ["a value in a map", new Map([["k", () => 1]]), 'args.get("k") is a function'],
  ["a value in a set", new Set([new WeakMap()]), "args.values[0] is an instance of WeakMap"],
  ["a name that is no word", { "a b": new (class {})() }, 'args["a b"] is an object of an unnamed class'],
  ["a subclass", new (class Words extends Set {})(), "args is an instance of Words"],
  ["a field added to an array", Object.assign([1], { total: 1 }), "args.total is a field of an array"],
  [
    "a field added to a date",
    { d: Object.assign(new Date(0), { zone: "UTC" }) },
    "args.d.zone is a field added to",
  ],
  ["a symbol for a name", { [Symbol("s")]: 1 }, "args[Symbol(s)] has a symbol for a name"],
  ["a boxed number", { n: Object(1) }, "args.n is an instance of Number"],
])("refuses %s and names its path", async (_, value, message) => {
  const error = await failureOf(() => encodeArgs(value, "args"));
  expect(error).toMatchObject({ code: "NOT_SERIALISABLE", kind: "invalid" });
  expect(error.message).toContain(message);
  expect(error.hint).toContain("inProcess");
});
