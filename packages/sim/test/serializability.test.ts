import {
  checkSerializable,
  KEY_VALUE_TRANSACTIONS,
  type Operation,
  type TransactionInput,
  type TransactionOutput,
  UNKNOWN,
} from "@smallpond/sim";
import { describe, expect, test } from "vitest";

type Row = readonly [
  client: string,
  call: number,
  answer: number,
  reads: Readonly<Record<string, string>>,
  writes: Readonly<Record<string, string>>,
];

function verdict(order: "strict" | "sessions", ...rows: readonly Row[]): string {
  const history = rows.map(
    ([client, call, answered, reads, writes]): Operation<TransactionInput, TransactionOutput> => {
      const answer = answered === 0 ? Number.POSITIVE_INFINITY : answered;
      const output = answered === 0 ? UNKNOWN : Object.values(reads);
      const input = { reads: Object.keys(reads), writes };
      return { client, input, output, call, answer, calledMs: call, answeredMs: answer };
    },
  );
  return checkSerializable(KEY_VALUE_TRANSACTIONS, history, { order })[0]?.kind ?? "ok";
}

describe("transactions", () => {
  test("one after another are serializable", () => {
    const rows: Row[] = [
      ["a", 1, 2, { x: "" }, { x: "1", y: "1" }],
      ["b", 3, 4, { x: "1", y: "1" }, { x: "2" }],
      ["c", 5, 6, { x: "2", y: "1" }, {}],
    ];
    expect(verdict("strict", ...rows)).toBe("ok");
  });

  test("that each read what the other wrote over are write skew", () => {
    const rows: Row[] = [
      ["a", 1, 3, { x: "", y: "" }, { x: "1" }],
      ["b", 2, 4, { x: "", y: "" }, { y: "1" }],
    ];
    expect(verdict("sessions", ...rows)).toBe("impossible");
  });

  test("that saw half of another are not", () => {
    const rows: Row[] = [
      ["a", 1, 4, {}, { x: "1", y: "1" }],
      ["b", 2, 3, { x: "1", y: "" }, {}],
    ];
    expect(verdict("sessions", ...rows)).toBe("impossible");
  });

  test("that lost an update are not", () => {
    const rows: Row[] = [
      ["a", 1, 3, { x: "" }, { x: "1" }],
      ["b", 2, 4, { x: "" }, { x: "2" }],
    ];
    expect(verdict("sessions", ...rows)).toBe("impossible");
  });

  test("that read the past are serializable, but not strictly, and not in one session", () => {
    const stale = (reader: string): Row[] => [
      ["a", 1, 2, {}, { x: "1" }],
      [reader, 3, 4, { x: "" }, {}],
    ];
    expect(verdict("sessions", ...stale("b"))).toBe("ok");
    expect(verdict("strict", ...stale("b"))).toBe("impossible");
    expect(verdict("sessions", ...stale("a"))).toBe("impossible");
  });

  test("without an answer may have committed or not", () => {
    const lost: Row = ["a", 1, 0, {}, { x: "1" }];
    expect(verdict("strict", lost, ["b", 2, 3, { x: "" }, {}], ["b", 4, 5, { x: "1" }, {}])).toBe("ok");
    expect(verdict("strict", lost, ["b", 2, 3, { x: "1" }, {}], ["b", 4, 5, { x: "" }, {}])).toBe(
      "impossible",
    );
  });
});
