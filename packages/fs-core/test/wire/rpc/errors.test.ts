import { isPondError, PondError, toHex } from "@smallpond/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decode, encode } from "../../../src/wire/codec/index.ts";
import { pondErrorCodec, tellable } from "../../../src/wire/rpc/errors.ts";

const travelled = (error: PondError): PondError => decode(pondErrorCodec, encode(pondErrorCodec, error));

describe("errors between processes", () => {
  test("keep their bytes", () => {
    const error = new PondError("ENOENT", { kind: "invalid", message: "gone", details: { a: "b", n: -2n } });
    expect(toHex(encode(pondErrorCodec, error))).toBe(
      "06454e4f454e54" +
        "03" +
        "04676f6e65" +
        "00" +
        "02" +
        "0161" +
        "010162" +
        "016e" +
        "03feffffffffffffff",
    );
  });

  test("arrive as they were", () => {
    const details = fc.dictionary(
      fc.string({ maxLength: 10 }),
      fc.oneof(
        fc.string({ maxLength: 50 }),
        fc.double({ noNaN: true }),
        fc.boolean(),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      ),
      { maxKeys: 10, noNullPrototype: true },
    );
    const errors = fc.record({
      code: fc.string({ minLength: 1, maxLength: 16 }),
      message: fc.string(),
      hint: fc.option(fc.string(), { nil: undefined }),
      details,
    });
    fc.assert(
      fc.property(errors, ({ code, ...options }) => {
        const error = new PondError(code, { kind: "conflict", ...options });
        const arrived = travelled(error);
        expect(isPondError(arrived, code)).toBe(true);
        expect({ ...arrived, message: arrived.message }).toEqual({ ...error, message: error.message });
      }),
    );
  });

  test("leave behind what does not travel, and are cut where they are too long", () => {
    const error = new PondError("X".repeat(100), {
      kind: "internal",
      message: "ä".repeat(10_000),
      hint: "h".repeat(10_000),
      details: {
        list: [1],
        nested: { a: 1 },
        fn: () => 1,
        huge: 2n ** 70n,
        ok: 1,
        long: "€".repeat(1000),
        bad: "\ud800",
        [`${"k".repeat(65)}`]: 1,
        none: null,
        gone: undefined,
      },
      cause: new Error("secret"),
    });
    const arrived = travelled(error);
    expect(Buffer.byteLength(arrived.message)).toBe(4096);
    expect(arrived.hint).toHaveLength(4096);
    expect(arrived.code).toHaveLength(64);
    expect(arrived.details).toEqual({ ok: 1, long: "€".repeat(341), bad: "\ufffd" });
    expect(arrived.cause).toBeUndefined();
  });

  test("with more details than travel bring the first ones", () => {
    const details = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`d${n}`, n]));
    expect(
      Object.keys(travelled(new PondError("X", { kind: "retry", message: "", details })).details),
    ).toHaveLength(32);
  });

  test("of other kinds become INTERNAL, without where they were thrown", () => {
    const told = tellable(new TypeError("x is not a function"), "meta.lookup");
    expect(told).toMatchObject({ code: "INTERNAL", kind: "internal", details: { method: "meta.lookup" } });
    expect(travelled(told).message).toContain("TypeError: x is not a function");
    expect(encode(pondErrorCodec, told).toString()).not.toContain("errors.test");
    expect(tellable("text", "x").message).toContain("text");
  });

  test("a name like __proto__ in details stays a name", () => {
    const details = JSON.parse('{"__proto__":"x","constructor":"y"}') as object;
    const arrived = travelled(new PondError("X", { kind: "retry", message: "", details }));
    expect(Object.keys(arrived.details).toSorted()).toEqual(["__proto__", "constructor"]);
  });
});
