/** Whether code that is left out could change what a name of the top level stands for. */
import type { AnyNode, Identifier } from "acorn";
import { isHelper } from "./helpers.ts";
import { type Binding, definitionOf, isFunction } from "./program.ts";
import { type PureContext, pathOf } from "./pure.ts";
import { walk } from "./walk.ts";

/** Methods that leave a list, set, map or expression as it is and hand out nothing that could be changed. */
const READERS = new Set("has includes indexOf join test some every".split(" "));
/** Functions that change their first argument. */
const CHANGERS =
  /^(Object|Reflect)\.(assign|defineProperty|defineProperties|set|setPrototypeOf|deleteProperty)$/;

/** Whether one use of a binding, outside of what is kept, may change it. */
export function harmful(binding: Binding, use: Identifier, context: PureContext): boolean {
  if (binding.kind === "import") return false;
  const above = pathTo(use, context);
  const [parent] = above;
  if (parent === undefined || isDeclaration(parent, use)) return false;
  if (isConstant(definitionOf(binding), context)) return false;
  if (writesInto(use, above, context)) return true;
  if (binding.kind === "class" || isFunctionValue(binding, context)) return false;
  return !isRead(use, above, context, binding);
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
      return true;
    case "UnaryExpression":
      return true;
    case "BinaryExpression":
      return true;
    case "CallExpression":
      return ["String", "Number", "BigInt", "Boolean", "String.raw"].includes(
        pathOf(value.callee, context) ?? "",
      );
    default:
      return false;
  }
}

/** `clean.rules = …`, `delete clean.rules`, `Object.assign(clean, …)` */
function writesInto(use: AnyNode, above: readonly AnyNode[], context: PureContext): boolean {
  let node = use;
  for (const parent of above) {
    if (parent.type === "MemberExpression" && parent.object === node) {
      node = parent;
      continue;
    }
    if (parent.type === "AssignmentExpression") return parent.left === node;
    if (parent.type === "UpdateExpression") return true;
    if (parent.type === "UnaryExpression") return parent.operator === "delete";
    if (parent.type === "CallExpression" && parent.arguments[0] === node) {
      return CHANGERS.test(pathOf(parent.callee, context) ?? "");
    }
    return false;
  }
  return false;
}

function isFunctionValue(binding: Binding, { program, shapes }: PureContext): boolean {
  const value = definitionOf(binding);
  if (value === null) return false;
  if (isFunction(value)) return true;
  // `__name((row) => …, "clean")`
  return (
    value.type === "CallExpression" &&
    value.callee.type === "Identifier" &&
    isHelper(program, value.callee.name, shapes)
  );
}

/** Uses that only look: `STOP.has(word)`, `[...WORDS]`, `for (const word of WORDS)`, a field that is text or a number. */
function isRead(use: AnyNode, above: readonly AnyNode[], context: PureContext, binding: Binding): boolean {
  const [parent, next] = above;
  if (parent?.type === "UnaryExpression" && parent.operator === "typeof") return true;
  if (parent?.type !== "MemberExpression" || parent.object !== use) {
    return (
      isFlat(definitionOf(binding), context) &&
      (parent?.type === "SpreadElement" || parent?.type === "ForOfStatement")
    );
  }
  const name = !parent.computed && parent.property.type === "Identifier" ? parent.property.name : undefined;
  const called = next?.type === "CallExpression" && next.callee === parent;
  if (called) {
    const callback = next.arguments.some(isFunction);
    return name !== undefined && READERS.has(name) && !callback;
  }
  return name === "length" || name === "size" || isFlat(definitionOf(binding), context);
}

/** Holds nothing that could be changed by itself: a list or object of text and numbers. */
function isFlat(value: AnyNode | null, context: PureContext): boolean {
  if (value?.type === "ArrayExpression") return value.elements.every((part) => isConstant(part, context));
  if (value?.type === "ObjectExpression") {
    return value.properties.every((part) => part.type === "Property" && isConstant(part.value, context));
  }
  if (value?.type === "NewExpression") {
    return value.arguments.every(
      (part) => isFlat(part as AnyNode, context) || isConstant(part as AnyNode, context),
    );
  }
  return false;
}
