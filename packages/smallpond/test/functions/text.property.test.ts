/** Inline functions of any shape: exactly their free variables are found, and without any they give the same results. */
import { Script } from "node:vm";
import { NodeDisk } from "@smallpond/base/platform/node";
import { transform } from "esbuild";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { UserFunction } from "../../src/index.ts";
import { captureFunction } from "../../src/platform/functions/capture.ts";
import { loadFunction } from "../../src/platform/functions/load.ts";
import { failureOf } from "../support/failure.ts";

/** An expression as data; what its names mean is decided when it is written into a scope. */
type Tree =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "name"; readonly index: number }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Tree; readonly right: Tree }
  | {
      readonly kind: "call" | "let" | "object" | "block" | "class";
      readonly name: string;
      readonly value: Tree;
      readonly body: Tree;
    };

const NAMES = ["a", "b", "c", "n", "Math", "parseInt", "e", "t"];
const GLOBAL = new Set(["Math", "parseInt"]);
const FORMS = [
  "arrow",
  "async arrow",
  "function",
  "named function",
  "method",
  "static method",
  "async method",
] as const;

const trees = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    fc.record({ kind: fc.constant("number" as const), value: fc.nat(9) }),
    fc.record({ kind: fc.constant("name" as const), index: fc.nat(NAMES.length - 1) }),
    fc.record({
      kind: fc.constant("binary" as const),
      operator: fc.constantFrom("+", "*", "===", "&&", "||"),
      left: tie("tree"),
      right: tie("tree"),
    }),
    fc.record({
      kind: fc.constantFrom(
        "call" as const,
        "let" as const,
        "object" as const,
        "block" as const,
        "class" as const,
      ),
      name: fc.constantFrom("a", "b", "n", "e"),
      value: tie("tree"),
      body: tie("tree"),
    }),
  ),
})).tree;

/** JavaScript for a tree; names that are not in scope are added to `free`. */
function written(tree: Tree, scope: ReadonlySet<string>, free: Set<string>): string {
  switch (tree.kind) {
    case "number":
      // A plain number would let the compiler see which branch is never taken, and leave it out with its names.
      return `Math.abs(${tree.value})`;
    case "name": {
      const name = NAMES[tree.index]!;
      if (!scope.has(name) && !GLOBAL.has(name)) free.add(name);
      return name === "Math" ? "Math.PI" : name;
    }
    case "binary": {
      const [left, right] = [written(tree.left, scope, free), written(tree.right, scope, free)];
      return `((${left}) ${tree.operator} (${right}))`;
    }
    case "call":
    case "let":
    case "object":
    case "block":
    case "class":
      return binder(tree, scope, free);
    default:
      return tree satisfies never;
  }
}

function binder(
  { kind, name, value, body }: Extract<Tree, { readonly name: string }>,
  scope: ReadonlySet<string>,
  free: Set<string>,
): string {
  const inner = new Set([...scope, name]);
  const [own, below] = [written(value, scope, free), written(body, inner, free)];
  switch (kind) {
    case "call":
      return `((${name}, same = ${name}) => [same, ${below}].at(-1))(${own})`;
    case "let":
      return `(function () { const x_${name} = ${own}; { let ${name} = x_${name}; return ${below}; } })()`;
    case "object":
      return `(({ k: ${name} }) => { const { ...rest } = { ${name} }; return [rest.${name}, ${below}].length + Number(${name}); })({ k: ${own} })`;
    case "block":
      return `(() => { try { throw ${own}; } catch (${name}) { var kept = ${below}; } return kept; })()`;
    case "class":
      return `(() => { const given = ${own}; class C { #p = given; get(${name}) { return this.#p ?? ${name}; } } return [new C().get(1), ((${name}) => ${below})(given)].at(-1); })()`;
    default:
      return kind satisfies never;
  }
}

function inForm(form: (typeof FORMS)[number], body: string): string {
  switch (form) {
    case "arrow":
      return `(n) => (${body})`;
    case "async arrow":
      return `async (n) => (${body})`;
    case "function":
      return `function (n) { return ${body}; }`;
    case "named function":
      return `function t(n) { return ${body}; }`;
    case "method":
      return `({ "odd name"(n) { return ${body}; } })["odd name"]`;
    case "static method":
      return `(class { static own(n) { return ${body}; } }).own`;
    case "async method":
      return `({ async [1 + 1](n) { return ${body}; } })[2]`;
    default:
      return form satisfies never;
  }
}

function capture(fn: unknown): ReturnType<typeof captureFunction> {
  return captureFunction(fn as UserFunction, { name: "f", disk: new NodeDisk(), directory: "/nowhere" });
}

test("exactly the free variables are named, and without any the text does the same, minified or not", async () => {
  const cases = fc.record({ tree: trees, form: fc.constantFrom(...FORMS), minify: fc.boolean() });
  let texts = 0;
  await fc.assert(
    fc.asyncProperty(cases, async ({ tree, form, minify }) => {
      const free = new Set<string>();
      const scope = new Set(form === "named function" ? ["n", "t"] : ["n"]);
      const source = inForm(form, written(tree, scope, free));
      const declared = `(() => { let ${["a", "b", "c", "e", "t"].join(", ")}; return ${source}; })()`;
      const { code } = await transform(declared, {
        minify: false,
        minifyWhitespace: minify,
        minifySyntax: false,
      });
      const fn = new Script(code).runInThisContext() as (n: number) => unknown;
      if (free.size > 0) {
        const { details } = await failureOf(capture(fn));
        expect(new Set((details as { variables: string[] }).variables)).toEqual(free);
        return;
      }
      texts++;
      const loaded = await loadFunction(await capture(fn));
      if (loaded.kind !== "plain") throw expect.fail("a function is plain");
      const sent = await loaded.call(3 as never, undefined as never, undefined as never);
      expect(String(sent)).toBe(String(await fn(3)));
    }),
    { numRuns: 120 },
  );
  expect(texts).toBeGreaterThan(10);
});
