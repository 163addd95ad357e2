import {
  checkLinearizable,
  FILES,
  type FileInput,
  type FileOutput,
  type Operation,
  REGISTERS,
  type RegisterInput,
  type RegisterOutput,
  UNKNOWN,
} from "@smallpond/sim";
import { describe, expect, test } from "vitest";

/** `[client, call, answer, input, output]`; an answer of 0 stands for none. */
type Row<I, O> = readonly [string, number, number, I, O | typeof UNKNOWN];

function history<I, O>(...rows: readonly Row<I, O>[]): readonly Operation<I, O>[] {
  return rows.map(([client, call, answered, input, output]) => {
    const answer = answered === 0 ? Number.POSITIVE_INFINITY : answered;
    return { client, call, answer, input, output, calledMs: call, answeredMs: answer };
  });
}

const write = (value: string, key = "x"): RegisterInput => ({ kind: "write", key, value });
const cas = (expected: string, value: string): RegisterInput => ({ kind: "cas", key: "x", expected, value });
const read = (key = "x"): RegisterInput => ({ kind: "read", key });

function verdict(...rows: readonly Row<RegisterInput, RegisterOutput>[]): string {
  return checkLinearizable(REGISTERS, history(...rows))[0]?.kind ?? "ok";
}

describe("registers: good histories", () => {
  test("one operation after another", () => {
    expect(verdict(["a", 1, 2, write("1"), true], ["b", 3, 4, read(), "1"])).toBe("ok");
  });

  test("a read that overlaps a write may see either value", () => {
    expect(verdict(["a", 1, 4, write("1"), true], ["b", 2, 3, read(), ""])).toBe("ok");
    expect(verdict(["a", 1, 4, write("1"), true], ["b", 2, 3, read(), "1"])).toBe("ok");
  });

  test("a write without an answer may have happened, much later, or never", () => {
    expect(verdict(["a", 1, 0, write("1"), UNKNOWN], ["b", 2, 3, read(), ""])).toBe("ok");
    expect(verdict(["a", 1, 0, write("1"), UNKNOWN], ["b", 2, 3, read(), "1"])).toBe("ok");
    const late: Row<RegisterInput, RegisterOutput>[] = [
      ["a", 1, 0, write("1"), UNKNOWN],
      ["b", 2, 3, write("2"), true],
      ["b", 4, 5, read(), "2"],
      ["b", 6, 7, read(), "1"],
    ];
    expect(verdict(...late)).toBe("ok");
  });

  test("a compare-and-swap without an answer explains a value or not", () => {
    expect(verdict(["a", 1, 0, cas("", "1"), UNKNOWN], ["b", 2, 3, cas("1", "2"), true])).toBe("ok");
    expect(verdict(["a", 1, 0, cas("", "1"), UNKNOWN], ["b", 2, 3, cas("1", "2"), false])).toBe("ok");
  });

  test("keys are independent", () => {
    expect(verdict(["a", 1, 2, write("1", "x"), true], ["b", 3, 4, read("y"), ""])).toBe("ok");
  });
});

describe("registers: bad histories", () => {
  test("a stale read", () => {
    const rows: Row<RegisterInput, RegisterOutput>[] = [
      ["a", 1, 2, write("1"), true],
      ["a", 3, 4, write("2"), true],
      ["b", 5, 6, read(), "1"],
    ];
    expect(verdict(...rows)).toBe("impossible");
  });

  test("a lost write", () => {
    expect(verdict(["a", 1, 2, write("1"), true], ["b", 3, 4, read(), ""])).toBe("impossible");
  });

  test("a value that comes back", () => {
    const rows: Row<RegisterInput, RegisterOutput>[] = [
      ["a", 1, 2, write("1"), true],
      ["b", 3, 4, write("2"), true],
      ["c", 5, 6, read(), "2"],
      ["c", 7, 8, read(), "1"],
    ];
    expect(verdict(...rows)).toBe("impossible");
  });

  test("two reads that overlap one write and disagree about the order", () => {
    const rows: Row<RegisterInput, RegisterOutput>[] = [
      ["a", 1, 10, write("1"), true],
      ["b", 2, 3, read(), "1"],
      ["c", 4, 5, read(), ""],
    ];
    expect(verdict(...rows)).toBe("impossible");
  });

  test("one swap that two clients won", () => {
    expect(verdict(["a", 1, 3, cas("", "1"), true], ["b", 2, 4, cas("", "2"), true])).toBe("impossible");
  });

  test("a write that took effect before it was called", () => {
    expect(verdict(["b", 1, 2, read(), "1"], ["a", 3, 4, write("1"), true])).toBe("impossible");
  });

  test("the explanation names the operations that do not fit", () => {
    const rows = history<RegisterInput, RegisterOutput>(
      ["a", 1, 2, write("1"), true],
      ["b", 3, 4, read(), ""],
    );
    const [violation] = checkLinearizable(REGISTERS, rows);
    expect(violation?.part).toBe("x");
    expect(violation?.explanation).toContain("a: write x = 1 → true");
    expect(violation?.explanation).toContain('b: read x → ""');
  });
});

test("a search that takes too long is undecided, not passed", () => {
  const rows = Array.from(
    { length: 14 },
    (_, index): Row<RegisterInput, RegisterOutput> => [
      `${index}`,
      index,
      100 + index,
      write(`${index}`),
      true,
    ],
  );
  rows.push(["r", 200, 201, read(), "none"]);
  expect(checkLinearizable(REGISTERS, history(...rows), { stepsMax: 1000 })[0]?.kind).toBe("undecided");
});

test("a long history of few clients is checked in little time", () => {
  const rows: Row<RegisterInput, RegisterOutput>[] = [];
  for (let index = 0; index < 3000; index++) {
    rows.push(["a", 3 * index, 3 * index + 2, write(`${index}`), true]);
    rows.push(["b", 3 * index + 1, 3 * index + 1.5, read(), `${index}`]);
  }
  expect(verdict(...rows)).toBe("ok");
});

describe("files", () => {
  const file = (...rows: readonly Row<FileInput, FileOutput>[]): string =>
    checkLinearizable(FILES, history(...rows))[0]?.kind ?? "ok";
  const put = (offset: number, bytes: string): FileInput => ({ kind: "write", path: "/f", offset, bytes });
  const get = (offset: number, length: number): FileInput => ({ kind: "read", path: "/f", offset, length });

  test("ranges, gaps, truncation and length are followed", () => {
    const rows: Row<FileInput, FileOutput>[] = [
      ["a", 1, 2, put(2, "cd"), true],
      ["a", 3, 4, get(0, 9), "\0\0cd"],
      ["a", 5, 6, put(0, "ab"), true],
      ["a", 7, 8, { kind: "truncate", path: "/f", size: 3 }, true],
      ["a", 9, 10, { kind: "size", path: "/f" }, 3],
      ["a", 11, 12, get(1, 9), "bc"],
    ];
    expect(file(...rows)).toBe("ok");
  });

  test("a read of half of a write is seen", () => {
    const rows: Row<FileInput, FileOutput>[] = [
      ["a", 1, 2, put(0, "aaaa"), true],
      ["b", 3, 6, put(0, "bbbb"), true],
      ["c", 4, 5, get(0, 4), "bbaa"],
    ];
    expect(file(...rows)).toBe("impossible");
  });

  test("a length that shrinks without a truncation is seen", () => {
    const rows: Row<FileInput, FileOutput>[] = [
      ["a", 1, 2, put(0, "aaaa"), true],
      ["b", 3, 4, { kind: "size", path: "/f" }, 2],
    ];
    expect(file(...rows)).toBe("impossible");
  });
});
