/**
 * Whether a value at the top of a file comes out the same in every process and does nothing else, so that a part of the
 * file can be run without the rest.
 */
import type { AnyNode, CallExpression, Identifier } from "acorn";
import { isHelper } from "./helpers.ts";
import { isFunction, type Program } from "./program.ts";
import { GLOBALS } from "./scopes.ts";
import { walk } from "./walk.ts";

export interface PureContext {
  readonly program: Program;
  readonly shapes: ReadonlySet<string>;
}

/** Globals that differ between processes or moments, or that change something. */
const IMPURE_GLOBALS = new Set(
  "process console performance navigator crypto fetch globalThis global eval Atomics WebAssembly".split(" "),
);

const CONSTRUCTORS = new Set(
  `Set Map WeakMap WeakSet RegExp URL URLSearchParams TextDecoder TextEncoder Error TypeError RangeError Array Object
  Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float32Array Float64Array
  BigInt64Array BigUint64Array ArrayBuffer DataView Intl.Collator Intl.DateTimeFormat Intl.DisplayNames
  Intl.ListFormat Intl.Locale Intl.NumberFormat Intl.PluralRules Intl.RelativeTimeFormat Intl.Segmenter`.split(
    /\s+/,
  ),
);

const CALLS = new Set(
  `Number String Boolean BigInt Symbol Array RegExp Array.from Array.of Object.freeze Object.keys Object.values
  Object.entries Object.fromEntries Object.create Object.groupBy Map.groupBy JSON.parse JSON.stringify String.raw
  String.fromCharCode String.fromCodePoint Symbol.for Number.parseFloat Number.parseInt parseInt parseFloat
  Number.isInteger BigInt.asIntN BigInt.asUintN Date.UTC Date.parse Buffer.from Buffer.alloc structuredClone
  encodeURIComponent decodeURIComponent encodeURI decodeURI Intl.NumberFormat Intl.DateTimeFormat`.split(
    /\s+/,
  ),
);

/** Methods of text, lists and the like that leave what they are called on as it is. */
const METHODS = new Set(
  `split join trim trimStart trimEnd toLowerCase toUpperCase replace replaceAll slice substring concat repeat padStart
  padEnd at includes indexOf lastIndexOf startsWith endsWith charAt charCodeAt codePointAt normalize map filter flatMap
  flat every some find findIndex reduce keys values entries toSorted toReversed toString toFixed has get test match
  matchAll localeCompare bind`.split(/\s+/),
);

/** Null when a node is pure, otherwise what it does: `calls load()`. */
export function impurity(node: AnyNode, context: PureContext): string | null {
  const all = (nodes: readonly (AnyNode | null | undefined)[]): string | null => {
    for (const part of nodes) {
      const reason = part === null || part === undefined ? null : impurity(part, context);
      if (reason !== null) return reason;
    }
    return null;
  };
  switch (node.type) {
    case "Literal":
    case "TemplateElement":
    case "ArrowFunctionExpression":
    case "FunctionExpression":
    case "FunctionDeclaration":
    case "MetaProperty":
      return null;
    case "Identifier":
      return impureName(node, context);
    case "TemplateLiteral":
      return all(node.expressions);
    case "ArrayExpression":
      return all(node.elements);
    case "ObjectExpression":
      return all(node.properties);
    case "Property":
      return all([node.computed ? node.key : null, node.value]);
    case "SpreadElement":
      return impurity(node.argument, context);
    case "UnaryExpression":
      return node.operator === "delete" ? "deletes something" : impurity(node.argument, context);
    case "BinaryExpression":
    case "LogicalExpression":
      return all([node.left as AnyNode, node.right]);
    case "ConditionalExpression":
      return all([node.test, node.consequent, node.alternate]);
    case "SequenceExpression":
      return all(node.expressions);
    case "ChainExpression":
      return impurity(node.expression, context);
    case "MemberExpression":
      return all([node.object, node.computed ? (node.property as AnyNode) : null]);
    // `this` of a module is undefined; compilers ask it for helpers that are there already.
    case "ThisExpression":
      return null;
    case "ClassDeclaration":
    case "ClassExpression":
      return impureClass(node, context);
    case "NewExpression":
      return CONSTRUCTORS.has(pathOf(node.callee, context) ?? "")
        ? all(node.arguments)
        : `is made by new ${nameOf(node.callee)}()`;
    case "CallExpression":
      return impureCall(node, context) ?? all(node.arguments);
    case "TaggedTemplateExpression":
      return pathOf(node.tag, context) === "String.raw" ? impurity(node.quasi, context) : "calls a tag";
    case "AwaitExpression":
      return "waits for something";
    default:
      return "is computed by code that is not run again";
  }
}

/** The dotted name of a global: `Intl.NumberFormat`; undefined for what the program declares. */
export function pathOf(node: AnyNode, context: PureContext): string | undefined {
  if (node.type === "Identifier") {
    return context.program.scopes.variableOf(node) === null ? node.name : undefined;
  }
  if (node.type !== "MemberExpression" || node.computed || node.property.type !== "Identifier")
    return undefined;
  const object = pathOf(node.object, context);
  return object === undefined ? undefined : `${object}.${node.property.name}`;
}

function impureName(node: Identifier, { program }: PureContext): string | null {
  if (program.scopes.variableOf(node) !== null) return null;
  if (IMPURE_GLOBALS.has(node.name)) return `reads ${node.name}`;
  // What is neither declared nor known is refused by whoever follows the names.
  return null;
}

function impureCall(node: CallExpression, context: PureContext): string | null {
  const { callee } = node;
  const path = pathOf(callee, context);
  if (path === "require") {
    return node.arguments[0]?.type === "Literal" ? null : "calls require() with a computed name";
  }
  if (path !== undefined && (CALLS.has(path) || (path.startsWith("Math.") && path !== "Math.random"))) {
    return impureCallback(node, context);
  }
  if (callee.type === "Identifier" && isLoader(callee, context)) return null;
  if (isEnum(node)) return null;
  if (callee.type === "MemberExpression" && !callee.computed && callee.property.type === "Identifier") {
    const { name } = callee.property;
    const isGlobal = path !== undefined && GLOBALS.has(path.split(".")[0]!);
    if (METHODS.has(name) && !isGlobal)
      return impurity(callee.object as AnyNode, context) ?? impureCallback(node, context);
  }
  return `calls ${nameOf(callee)}()`;
}

/** A function that is called while the value is made must be pure itself: an expression of its parameters. */
function impureCallback(node: CallExpression, context: PureContext): string | null {
  for (const argument of node.arguments) {
    if (!isFunction(argument)) continue;
    if (argument.body.type === "BlockStatement") return `calls ${nameOf(node.callee)}() with statements`;
    const reason = impurity(argument.body, context);
    if (reason !== null) return reason;
  }
  return null;
}

/** A compiler's helper, a CommonJS module inside of a bundle, or Node's `createRequire`. */
function isLoader(callee: Identifier, { program, shapes }: PureContext): boolean {
  const { variableOf } = program.scopes;
  const binding = program.bindings.get(callee.name);
  if (binding === undefined || variableOf(callee) !== binding.variable) return false;
  if (isHelper(program, callee.name, shapes)) return true;
  if (binding.declaration.type === "ImportDeclaration") {
    return /^(node:)?module$/.test(String(binding.declaration.source.value));
  }
  const init = binding.declarator?.init;
  return (
    init?.type === "CallExpression" &&
    init.callee.type === "Identifier" &&
    init.arguments.length === 1 &&
    init.arguments[0]?.type !== "Literal" &&
    isHelper(program, init.callee.name, shapes)
  );
}

/** What compilers make of an `enum`: a function that only fills in its parameter. */
function isEnum({ callee, arguments: given }: CallExpression): boolean {
  if (!isFunction(callee) || callee.params.length !== 1 || given.length !== 1) return false;
  const [start] = given;
  const [parameter] = callee.params;
  if (start?.type !== "LogicalExpression" || parameter?.type !== "Identifier") return false;
  let pure = true;
  walk(callee.body, (node) => {
    if (node.type === "CallExpression" || node.type === "NewExpression") pure = false;
    if (node.type === "AssignmentExpression") {
      const { left } = node;
      if (left.type !== "MemberExpression" || nameOf(left.object as AnyNode) !== parameter.name) pure = false;
    }
    return pure;
  });
  return pure;
}

type ClassNode = Extract<AnyNode, { readonly type: "ClassDeclaration" | "ClassExpression" }>;

function impureClass(node: ClassNode, context: PureContext): string | null {
  const parts: (AnyNode | null | undefined)[] = [node.superClass];
  for (const member of node.body.body) {
    if (member.type === "StaticBlock") {
      // `static { __name(this, "Words") }`
      for (const statement of member.body) {
        parts.push(statement.type === "ExpressionStatement" ? statement.expression : statement);
      }
      continue;
    }
    if (member.computed) parts.push(member.key);
    if (member.type === "PropertyDefinition" && member.static) parts.push(member.value);
  }
  for (const part of parts) {
    const reason = part === null || part === undefined ? null : impurity(part, context);
    if (reason !== null) return reason;
  }
  return null;
}

function nameOf(node: AnyNode): string {
  if (node.type === "Identifier") return node.name;
  if (node.type === "MemberExpression" && !node.computed && node.property.type === "Identifier") {
    const object = nameOf(node.object as AnyNode);
    return object === "a function" ? node.property.name : `${object}.${node.property.name}`;
  }
  return "a function";
}
