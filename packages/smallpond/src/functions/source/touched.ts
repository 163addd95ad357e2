/** What code that is left out does to a name of the top level. */
import type { AnyNode, Identifier } from "acorn";
import { isHelper } from "./helpers.ts";
import { type Binding, definitionOf, isFunction } from "./program.ts";
import { type PureContext, pathOf } from "./pure.ts";
import { walk } from "./walk.ts";

/** `unknown` for a use that hands the value on, such as `load(RULES)`. */
export type Effect = "none" | "unknown" | "changes";

/** Methods that leave a list, set, map or expression as it is and hand out nothing that could be changed. */
const READERS = new Set("has includes indexOf join test some every".split(" "));
const WRITERS = new Set(
  "push pop shift unshift splice sort reverse fill copyWithin set add delete clear append".split(" "),
);
/** Functions that change their first argument. */
const CHANGERS =
  /^(Object|Reflect)\.(assign|defineProperty|defineProperties|set|setPrototypeOf|deleteProperty|freeze)$/;

/** Of one use of a binding, outside of what is kept. */
export function effectOf(binding: Binding, use: Identifier, context: PureContext): Effect {
  if (isImported(binding, context)) return "none";
  const above = pathTo(use, context);
  const [parent] = above;
  if (parent === undefined || isDeclaration(parent, use)) return "none";
  const value = definitionOf(binding);
  if (isConstant(value, context)) return "none";
  if (writesInto(use, above, context)) return "changes";
  if (binding.kind === "class" || isFunctionValue(value, context)) return "none";
  return isRead(use, above) ? "none" : "unknown";
}

/** A module or a part of one, also as CommonJS loads it: `require("./words.js")`, with a helper around it or without. */
export function isImported({ kind, declarator }: Binding, context: PureContext): boolean {
  if (kind === "import") return true;
  let init = declarator?.init;
  while (init?.type === "CallExpression") {
    if (pathOf(init.callee, context) === "require") return true;
    const [inner] = init.arguments;
    // `__toESM(require_words())` of a module inside the bundle
    const isHelped =
      init.callee.type === "Identifier" && isHelper(context.program, init.callee.name, context.shapes);
    if (isHelped && inner?.type === "CallExpression" && inner.arguments.length === 0) return true;
    init = isHelped && inner?.type !== "SpreadElement" ? inner : undefined;
  }
  return false;
}

/** The nodes above a use, nearest first. */
function pathTo(use: AnyNode, { program }: PureContext): readonly AnyNode[] {
  let found: readonly AnyNode[] = [];
  walk(program.tree, (node, above) => {
    if (node === use) found = above.toReversed();
    return use.start >= node.start && use.end <= node.end;
  });
  return found;
}

/** Its own declaration, or a line that exports it. */
function isDeclaration(parent: AnyNode, use: AnyNode): boolean {
  return (
    parent.type === "ExportSpecifier" ||
    (parent.type === "VariableDeclarator" && parent.id === use) ||
    (parent.type === "Property" && (parent.value as AnyNode) !== use)
  );
}

/** Text and numbers do not change; lists of them can be. */
function isConstant(value: AnyNode | null, context: PureContext): boolean {
  switch (value?.type) {
    case "Literal":
      return !("regex" in value) || !/[gy]/.test(value.regex?.flags ?? "");
    case "TemplateLiteral":
    case "UnaryExpression":
    case "BinaryExpression":
      return true;
    case "CallExpression":
      return /^(String|Number|BigInt|Boolean|String\.raw|Symbol\.for)$/.test(
        pathOf(value.callee, context) ?? "",
      );
    case "MemberExpression":
      // `Object.defineProperty`, which helpers give another name.
      return pathOf(value, context) !== undefined;
    default:
      return false;
  }
}

/** `clean.rules = …`, `delete clean.rules`, `RULES.list.push(…)`, `Object.assign(clean, …)` */
function writesInto(use: AnyNode, above: readonly AnyNode[], context: PureContext): boolean {
  let node = use;
  for (const parent of above) {
    switch (parent.type) {
      case "MemberExpression":
        if (parent.object !== node) return false;
        node = parent;
        continue;
      case "AssignmentExpression":
        return parent.left === node;
      case "UpdateExpression":
        return true;
      case "UnaryExpression":
        return parent.operator === "delete";
      case "CallExpression":
        if (parent.callee === node) return WRITERS.has(fieldOf(node) ?? "");
        return parent.arguments[0] === node && CHANGERS.test(pathOf(parent.callee, context) ?? "");
      default:
        return false;
    }
  }
  return false;
}

function isFunctionValue(value: AnyNode | null, { program, shapes }: PureContext): boolean {
  if (value === null) return false;
  if (isFunction(value)) return true;
  // `__name((row) => …, "clean")`
  const { callee } = value as { callee?: AnyNode };
  return (
    value.type === "CallExpression" && callee?.type === "Identifier" && isHelper(program, callee.name, shapes)
  );
}

/** Uses that only look: `STOP.has(word)`, `typeof RULES`, `WORDS.length`. */
function isRead(use: AnyNode, [parent, next]: readonly AnyNode[]): boolean {
  if (parent?.type === "UnaryExpression") return true;
  if (parent?.type !== "MemberExpression" || parent.object !== use) return false;
  const field = fieldOf(parent);
  if (next?.type !== "CallExpression" || next.callee !== parent)
    return field === "length" || field === "size";
  return field !== undefined && READERS.has(field) && !next.arguments.some(isFunction);
}

function fieldOf(node: AnyNode): string | undefined {
  if (node.type !== "MemberExpression" || node.computed) return undefined;
  return node.property.type === "Identifier" ? node.property.name : undefined;
}
