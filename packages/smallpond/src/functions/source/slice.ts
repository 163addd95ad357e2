/**
 * A part of a file that can be run by itself: the declaration of a function and, of what it uses, everything that the
 * top level declares. Everything else becomes blanks, so that lines and columns stay what they are.
 */
import type { AnyNode } from "acorn";
import type { Obstacle } from "../errors.ts";
import { type Binding, DEFAULT, definitionOf, isFunction, type Program } from "./program.ts";
import { impurity, type PureContext } from "./pure.ts";
import { GLOBALS, identifierOf } from "./scopes.ts";
import { type Effect, effectOf, isImported } from "./touched.ts";
import { walk } from "./walk.ts";

export type Slice =
  | {
      readonly kind: "sound";
      readonly text: string;
      readonly imports: boolean;
      /** What other code uses in a way that may change it: right if it still is what it was declared as. */
      readonly doubtful: readonly string[];
    }
  /** Cutting would change what the function does. */
  | { readonly kind: "unsound"; readonly obstacles: readonly Obstacle[] };

/** Names that the top of a bundled file may use though nothing declares them. */
const PROVIDED = new Set(["require", "__filename", "__dirname"]);

/** The part of a program that these names need, for a glance at values without what is imported. */
export function slice(
  context: PureContext,
  roots: readonly string[],
  options: { readonly imports: boolean } = { imports: true },
): Slice {
  const kept = new Map<string, Binding>();
  const extra = new Set<AnyNode>();
  const obstacles: Obstacle[] = [];
  const queue = [...roots];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const binding = context.program.bindings.get(name);
    if (binding === undefined || kept.has(name)) continue;
    kept.set(name, binding);
    const why = impureBinding(binding, context);
    if (why !== null) {
      obstacles.push({ name, why });
      continue;
    }
    for (const part of [unitOf(binding), ...exportsInto(binding, context, extra)]) {
      queue.push(...usedBy(part, context, obstacles));
    }
  }
  const bindings = [...kept.values()];
  const effects = effectsElsewhere(bindings, extra, context);
  const changed = bindings.filter((binding) => effects.get(binding) === "changes");
  obstacles.push(...changed.map(({ name }) => ({ name, why: "is changed by other code" })));
  if (obstacles.length > 0) return { kind: "unsound", obstacles: unique(obstacles) };
  const included = bindings.filter((binding) => options.imports || !isImported(binding, context));
  return {
    kind: "sound",
    text: cut(context.program, included, { extra, imports: options.imports }),
    imports: bindings.some(({ kind }) => kind === "import"),
    doubtful: bindings.filter((binding) => effects.get(binding) === "unknown").map(({ name }) => name),
  };
}

/** Names of the top level that a part of a program uses. */
export function usedBy(part: AnyNode, { program }: PureContext, obstacles: Obstacle[] = []): string[] {
  const used = new Set<string>();
  walk(part, (node) => {
    if (node.type !== "Identifier") return undefined;
    const variable = program.scopes.variableOf(node);
    if (variable === undefined) return undefined;
    if (variable !== null && program.bindings.get(node.name)?.variable === variable) used.add(node.name);
    const known = variable !== null || GLOBALS.has(node.name) || PROVIDED.has(node.name);
    if (!known && !isAskedFor(node, part))
      obstacles.push({ name: node.name, why: "is not declared in its file" });
    return undefined;
  });
  return [...used];
}

/** `typeof window` asks whether there is such a name. */
function isAskedFor(identifier: AnyNode, part: AnyNode): boolean {
  let asked = false;
  walk(part, (node) => {
    if (node.type === "UnaryExpression" && node.operator === "typeof" && node.argument === identifier)
      asked = true;
    return undefined;
  });
  return asked;
}

// ---- soundness ------------------------------------------------------------------------------------------------

function impureBinding(binding: Binding, context: PureContext): string | null {
  const { kind, declarator, declaration } = binding;
  if (kind === "import") return null;
  if (
    binding.variable?.references.some((reference) => reference.isWrite() && reference.init !== true) === true
  ) {
    return "is assigned more than once";
  }
  if (declarator === null) return impurity(declaration, context);
  if (declarator.init === null || declarator.init === undefined) return null;
  return impurity(declarator.init, context);
}

function effectsElsewhere(
  kept: readonly Binding[],
  extra: ReadonlySet<AnyNode>,
  context: PureContext,
): ReadonlyMap<Binding, Effect> {
  const units: readonly AnyNode[] = [...kept.map(unitOf), ...extra];
  const isKept = (node: AnyNode): boolean =>
    units.some(({ start, end }) => node.start >= start && node.end <= end);
  const effects = kept.map((binding): [Binding, Effect] => {
    const outside = (binding.variable?.references ?? []).map(identifierOf).filter((node) => !isKept(node));
    const all = new Set(outside.map((node) => effectOf(binding, node, context)));
    return [binding, all.has("changes") ? "changes" : all.has("unknown") ? "unknown" : "none"];
  });
  return new Map(effects);
}

/** `__export(words_exports, { … })`, which fills a namespace that the bundler made. */
function exportsInto(binding: Binding, { program }: PureContext, extra: Set<AnyNode>): AnyNode[] {
  if (!/_exports\d*$/.test(binding.name) && definitionOf(binding)?.type !== "ObjectExpression") return [];
  const found = program.statements.filter((statement) => {
    if (statement.type !== "ExpressionStatement" || statement.expression.type !== "CallExpression")
      return false;
    const [target, fields, ...others] = statement.expression.arguments;
    return (
      others.length === 0 &&
      target?.type === "Identifier" &&
      program.scopes.variableOf(target) === binding.variable &&
      fields?.type === "ObjectExpression" &&
      fields.properties.every((field) => field.type === "Property" && isFunction(field.value))
    );
  });
  for (const statement of found) extra.add(statement);
  return found;
}

function unique(obstacles: readonly Obstacle[]): Obstacle[] {
  return [...new Map(obstacles.map((obstacle) => [obstacle.name, obstacle])).values()];
}

// ---- cutting --------------------------------------------------------------------------------------------------

/** What is kept for a name: its part of a `const`, or the whole declaration. */
function unitOf({ declarator, declaration }: Binding): AnyNode {
  return declarator ?? declaration;
}

interface Piece {
  readonly start: number;
  readonly text: string;
}

function cut(
  program: Program,
  kept: readonly Binding[],
  { extra, imports }: { readonly extra: ReadonlySet<AnyNode>; readonly imports: boolean },
): string {
  const { text } = program;
  const whole = (node: AnyNode): Piece => ({ start: node.start, text: text.slice(node.start, node.end) });
  const pieces: Piece[] = [...extra].map(whole);
  const declarations = new Set(kept.map(({ declaration }) => declaration));
  for (const declaration of declarations) {
    const of = kept.filter((binding) => binding.declaration === declaration);
    if (of[0]!.name === DEFAULT) pieces.push({ start: of[0]!.statement.start, text: DEFAULT_PREFIX });
    if (declaration.type === "VariableDeclaration") pieces.push(...someOf(declaration, of, text));
    else pieces.push(whole(declaration));
  }
  // Import statements without names run first in the whole file too: they set up what others rely on.
  for (const statement of imports ? program.statements : []) {
    if (statement.type === "ImportDeclaration" && statement.specifiers.length === 0) {
      pieces.push(whole(statement));
    }
  }
  return assemble(text, pieces);
}

/** In place of `export default`, and as long. */
const DEFAULT_PREFIX = "var _default_=";
export const DEFAULT_VARIABLE = "_default_";

/** Some of `const a = 1, b = 2;` */
function someOf(
  declaration: AnyNode & { readonly kind: string; readonly declarations: readonly AnyNode[] },
  kept: readonly Binding[],
  text: string,
): Piece[] {
  const units = new Set<AnyNode>(kept.map(unitOf));
  const parts = declaration.declarations.filter((part) => units.has(part));
  const pieces: Piece[] = [{ start: declaration.start, text: declaration.kind }];
  parts.forEach((part, index) => {
    pieces.push({ start: part.start, text: text.slice(part.start, part.end) });
    if (index < parts.length - 1) pieces.push({ start: commaAfter(text, part.end), text: "," });
  });
  if (text[declaration.end - 1] === ";") pieces.push({ start: declaration.end - 1, text: ";" });
  return pieces;
}

function commaAfter(text: string, from: number): number {
  const gap = /^(?:\s|\/\*[\s\S]*?\*\/|\/\/.*)*/.exec(text.slice(from))![0];
  return from + gap.length;
}

function assemble(text: string, pieces: readonly Piece[]): string {
  const blank = text.replace(/[^\r\n\u2028\u2029]+/g, (line) => " ".repeat(line.length));
  const parts: string[] = [];
  let end = 0;
  for (const { start, text: part } of [...pieces].sort((a, b) => a.start - b.start)) {
    parts.push(blank.slice(end, start), part);
    end = start + part.length;
  }
  return parts.join("") + blank.slice(end);
}
