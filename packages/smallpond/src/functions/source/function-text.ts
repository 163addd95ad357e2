/** What `Function.prototype.toString` gives, as an expression that can stand anywhere. */
import type { AnyNode, ArrowFunctionExpression, FunctionExpression, Options, Program } from "acorn";
import { parse } from "acorn";
import { type Scopes, scopesOf } from "./scopes.ts";

export interface FunctionText {
  /** JavaScript for the function, in strict mode. */
  readonly expression: string;
  /** Where a character of the source is in the expression: this much later. */
  readonly shift: number;
  /** Where the function itself begins in the source: a method's name comes first. */
  readonly begin: number;
  readonly program: Program;
  readonly scopes: Scopes;
  readonly node: ArrowFunctionExpression | FunctionExpression;
}

export const PARSE_OPTIONS: Options = {
  ecmaVersion: "latest",
  sourceType: "module",
  // eslint-scope reads where things are from `range`.
  ranges: true,
  // Found and named by `freeVariables`, which tells people more than a syntax error.
  allowSuperOutsideMethod: true,
  checkPrivateFields: false,
};

/** "class" for a class, undefined for what cannot be read by itself in strict mode. */
export function parseFunction(source: string): FunctionText | "class" | undefined {
  const expression = parseExpression(`(${source})`);
  if (expression?.node.type === "ClassExpression") return "class";
  return asText(expression, 1) ?? parseMethod(source);
}

/** A method's source, `async *words(row) {…}` or `["words"](row) {…}`, is no expression by itself. */
function parseMethod(source: string): FunctionText | undefined {
  // A private method is one of its class in name only.
  const named = source.startsWith("#") ? ` ${source.slice(1)}` : source;
  const object = parseExpression(`({${named}})`)?.node;
  if (object?.type !== "ObjectExpression" || object.properties.length !== 1) return undefined;
  const [property] = object.properties;
  if (property?.type !== "Property" || property.value.type !== "FunctionExpression") return undefined;
  const { key, value, computed } = property;
  const name = !computed && key.type === "Identifier" ? key.name : "call";
  const before = `{ ${value.async ? "async " : ""}${value.generator ? "*" : ""}${name}`;
  const text = `${before}${source.slice(value.start - 2)} }.${name}`;
  const begin = value.start - 2;
  return asText(parseExpression(`(${text})`), before.length - begin + 1, begin);
}

interface ParsedExpression {
  readonly text: string;
  readonly program: Program;
  readonly node: AnyNode;
}

function parseExpression(text: string): ParsedExpression | undefined {
  try {
    const program = parse(text, PARSE_OPTIONS);
    const [statement] = program.body;
    if (program.body.length !== 1 || statement?.type !== "ExpressionStatement") return undefined;
    return { text, program, node: statement.expression };
  } catch {
    return undefined;
  }
}

function asText(parsed: ParsedExpression | undefined, shift: number, begin = 0): FunctionText | undefined {
  if (parsed === undefined) return undefined;
  const { text, program } = parsed;
  const node = functionOf(parsed.node);
  return node && { expression: text, shift, begin, program, scopes: scopesOf(program, "module"), node };
}

function functionOf(node: AnyNode): ArrowFunctionExpression | FunctionExpression | undefined {
  if (node.type === "ArrowFunctionExpression" || node.type === "FunctionExpression") return node;
  if (node.type !== "MemberExpression" || node.object.type !== "ObjectExpression") return undefined;
  const [property] = node.object.properties;
  return property?.type === "Property" ? functionOf(property.value) : undefined;
}
