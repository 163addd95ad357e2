import { expect, it } from "vitest";
import { judgeLength } from "../../../src/meta/sessions/length-hint.ts";

const FILE = { length: 100n, truncateVersion: 3 };
const hint = (length: bigint, truncateVersion: number) => ({
  wrote: true,
  hint: { length, truncateVersion },
});

it.each([
  ["nothing was written", { wrote: false, hint: undefined }, { kind: "known", length: 100n }],
  ["the client wrote further", hint(150n, 3), { kind: "known", length: 150n }],
  ["the client wrote inside", hint(50n, 3), { kind: "known", length: 100n }],
  ["the client does not know", { wrote: true, hint: undefined }, { kind: "ask", length: 100n }],
  ["the file was cut since", hint(150n, 2), { kind: "ask", length: 100n }],
  // Where a hint's length was compared with the truncate version, this was believed.
  ["the file was cut since, and the hint is short", hint(2n, 2), { kind: "ask", length: 100n }],
] as const)("judges a report when %s", (_, report, verdict) => {
  expect(judgeLength(FILE, report)).toEqual(verdict);
});
