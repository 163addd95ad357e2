/** Which part of a file a function needs, and when a part is not enough. */
import { expect, test } from "vitest";
import { parseProgram } from "../../src/functions/source/program.ts";
import { type Slice, slice } from "../../src/functions/source/slice.ts";

function cut(text: string, ...roots: string[]): Slice {
  const program = parseProgram(text, "module");
  if (program === undefined) throw expect.fail("the text must parse");
  return slice({ program, shapes: new Set() }, roots.length === 0 ? ["f"] : roots);
}

/** The lines that are kept. */
function kept(text: string): string[] {
  const part = cut(text);
  if (part.kind === "unsound") throw expect.fail(JSON.stringify(part.obstacles));
  expect(part.text.length).toBe(text.length);
  return part.text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

test("keeps what the function uses, however deep, and nothing else", () => {
  expect(
    kept(`import { a } from "./a.js";
import { b } from "./b.js";
const WORDS = new Set(["x"]);
const UNUSED = load();
class Row { has(x) { return WORDS.has(x); } }
function helper(row) { return new Row().has(row) && a(row); }
export const f = (row) => helper(row);
helper(run());
await b();`),
  ).toEqual([
    'import { a } from "./a.js";',
    'const WORDS = new Set(["x"]);',
    "class Row { has(x) { return WORDS.has(x); } }",
    "function helper(row) { return new Row().has(row) && a(row); }",
    "const f = (row) => helper(row);",
  ]);
});

test("keeps lines and columns: what is left out becomes blanks", () => {
  const text = "var a = run(), b = 1, /* , */ c = /x/, d = () => b; const f = () => d(c);\nrun();";
  const part = cut(text);
  expect(part).toMatchObject({ kind: "sound" });
  const { text: left } = part as { text: string };
  expect(left).toBe("var            b = 1,         c = /x/, d = () => b; const f = () => d(c);\n      ");
});

test("keeps imports without names, which set up what others rely on", () => {
  expect(kept('import "./polyfill.js";\nconst f = () => 1;')).toEqual([
    'import "./polyfill.js";',
    "const f = () => 1;",
  ]);
});

test.each([
  ["numbers and text", 'const A = -1, B = "x" + `${A}`, C = A ? B : null; const f = () => C;'],
  [
    "lists, objects and sets of them",
    "const A = { b: [1, ...[2]] }, S = new Set(A.b.map((x) => x + 1)); const f = () => S;",
  ],
  [
    "what built-in functions compute",
    'const A = Object.freeze("a b".split(" ")), B = Math.max(1, 2); const f = () => [A, B];',
  ],
  ["formatters and expressions", 'const N = new Intl.NumberFormat("en"), R = /a/g; const f = () => [N, R];'],
  ["enums", 'var E = ((E2) => { E2[E2["A"] = 1] = "A"; return E2; })(E || {}); const f = () => E.A;'],
  ["addresses of files", 'const U = new URL("./x.json", import.meta.url); const f = () => U;'],
  [
    "classes with pure statics",
    "class B {} class A extends B { static n = 1; static { __name(this, 'A'); } } var __name = (t, v) => Object.defineProperty(t, 'name', { value: v }); const f = () => new A();",
  ],
  ["recursion", "function f(n) { return n ? g(n - 1) : 0 } function g(n) { return f(n); }"],
])("takes along %s", (_, text) => {
  expect(cut(text)).toMatchObject({ kind: "sound", doubtful: [] });
});

test.each([
  ["is assigned more than once", "let A = 1; A = 2; const f = () => A;", "A"],
  ["is assigned more than once", "let n = 0; const f = () => n++;", "n"],
  ["calls load()", "const A = load(); const f = () => A; function load() { return 1 }", "A"],
  ["calls Math.random()", "const A = Math.random(); const f = () => A;", "A"],
  ["reads process", "const { env } = process; const f = () => env;", "env"],
  ["is made by new Model()", "class Model {} const M = new Model(); const f = () => M;", "M"],
  ["waits for something", "const M = await load(); const f = () => M;", "M"],
  ["is changed by other code", "const A = []; A.push(1); const f = () => A;", "A"],
  ["is changed by other code", "const A = {}; function add() { A.x.y = 1; } const f = () => A;", "A"],
  [
    "is changed by other code",
    "const A = new Map(); function add() { A.set(1, 2); } const f = () => A;",
    "A",
  ],
  ["is changed by other code", "function f() { return f.rules; } f.rules = [1];", "f"],
  ["is changed by other code", "class A {} Object.assign(A, { x: 1 }); const f = () => A.x;", "A"],
  ["is not declared in its file", "const f = () => somewhere(1);", "somewhere"],
  ["calls Number.prototype.own()", "class A { static n = Number.prototype.own(); } const f = () => A;", "A"],
])("refuses what %s: %s", (why, text, name) => {
  expect(cut(text)).toEqual({ kind: "unsound", obstacles: [{ name, why }] });
});

test.each([
  ["handed to another function", "const A = [1]; run(A); const f = () => A;"],
  ["given another name", "const A = [[1]]; const b = A[0]; const f = () => A;"],
  ["put into an object", "const A = [1]; export const all = { A }; const f = () => A;"],
])("is doubtful about a value that is %s", (_, text) => {
  expect(cut(text)).toMatchObject({ kind: "sound", doubtful: ["A"] });
});

test.each([
  ["looks into it", "const A = new Set([1]); if (A.has(1) && A.size) run(); const f = () => A;"],
  ["uses a number or text", "const A = 1, B = `x`; run(A, B); const f = () => [A, B];"],
  ["uses the function", "function f() {} run(f); f();"],
  ["uses an import", 'import { A } from "a"; A.x = 1; run(A); const f = () => A;'],
  ["exports it", "const A = [1]; export { A }; const f = () => A;"],
])("does not mind other code that %s", (_, text) => {
  expect(cut(text)).toMatchObject({ kind: "sound", doubtful: [] });
});
