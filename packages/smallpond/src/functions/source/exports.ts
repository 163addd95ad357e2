/** What a module exports, and as what. */
import type { AnyNode } from "acorn";
import { isHelper } from "./helpers.ts";
import { type Binding, DEFAULT, isFunction, type Program } from "./program.ts";
import { type PureContext, pathOf } from "./pure.ts";

/** Where the functions of one thing that a user passed stand: only `call` for a plain function. */
export interface FunctionNodes {
  readonly call: AnyNode;
  readonly setup?: AnyNode;
  readonly teardown?: AnyNode;
}

/** The name of the top level that holds exactly these functions, if one does. */
export function bindingOf(context: PureContext, nodes: FunctionNodes): Binding | undefined {
  for (const binding of context.program.bindings.values()) {
    const value = valueIn(binding, context);
    const matches = nodes.setup === undefined ? value === nodes.call : hasMethods(value, nodes, context);
    if (matches) return binding;
  }
  return undefined;
}

/** What a name of the top level is exported as, by ES or CommonJS syntax; undefined when it is not. */
export function exportNameOf(program: Program, binding: Binding): string | undefined {
  if (binding.name === DEFAULT) return "default";
  if (binding.statement.type === "ExportDefaultDeclaration") return "default";
  if (binding.statement.type === "ExportNamedDeclaration") return binding.name;
  return exportsOf(program).find(({ local }) => local === binding.name)?.name;
}

/** The name of the top level behind an export; undefined for what comes from another module, or is not exported. */
export function exportedBinding(program: Program, name: string): Binding | undefined {
  for (const binding of program.bindings.values()) {
    if (binding.name === name && binding.statement.type === "ExportNamedDeclaration") return binding;
    if (name === "default" && binding.statement.type === "ExportDefaultDeclaration") return binding;
  }
  const local = exportsOf(program).find((exported) => exported.name === name)?.local;
  return local === undefined ? undefined : program.bindings.get(local);
}

// ---- what a name holds ----------------------------------------------------------------------------------------

function valueIn({ kind, declarator, declaration }: Binding, context: PureContext): AnyNode | undefined {
  if (kind === "import") return undefined;
  if (declarator === null) return unwrapped(declaration, context);
  return declarator.id.type === "Identifier" && declarator.init != null
    ? unwrapped(declarator.init, context)
    : undefined;
}

/** Without what compilers and `Object.freeze` put around a value without changing which one it is. */
function unwrapped(node: AnyNode, context: PureContext): AnyNode {
  if (node.type !== "CallExpression" || node.arguments[0] === undefined) return node;
  const { callee } = node;
  const harmless =
    pathOf(callee, context) === "Object.freeze" ||
    (callee.type === "Identifier" && isHelper(context.program, callee.name, context.shapes));
  return harmless ? unwrapped(node.arguments[0], context) : node;
}

function hasMethods(value: AnyNode | undefined, nodes: FunctionNodes, context: PureContext): boolean {
  if (value?.type !== "ObjectExpression") return false;
  return Object.entries(nodes).every(([name, node]) =>
    value.properties.some((property) => {
      if (property.type !== "Property" || property.computed) return false;
      const { key } = property;
      const named =
        key.type === "Identifier" ? key.name === name : key.type === "Literal" && key.value === name;
      return named && methodIn(property.value, context) === node;
    }),
  );
}

function methodIn(value: AnyNode, context: PureContext): AnyNode | undefined {
  const own = unwrapped(value, context);
  if (own.type !== "Identifier") return isFunction(own) ? own : undefined;
  const binding = context.program.bindings.get(own.name);
  return binding === undefined ? undefined : valueIn(binding, context);
}

// ---- exports --------------------------------------------------------------------------------------------------

interface Exported {
  readonly name: string;
  readonly local: string;
}

function exportsOf({ statements }: Program): Exported[] {
  return statements.flatMap((statement) => {
    if (statement.type === "ExportNamedDeclaration" && statement.source == null) {
      return statement.specifiers.map(({ exported, local }) => ({
        name: textOf(exported),
        local: textOf(local),
      }));
    }
    if (statement.type === "ExportDefaultDeclaration") {
      const declaration = statement.declaration as AnyNode;
      return declaration.type === "Identifier" ? [{ name: "default", local: declaration.name }] : [];
    }
    return statement.type === "ExpressionStatement" ? commonJs(statement.expression) : [];
  });
}

/** `exports.clean = clean`, `module.exports.clean = clean`, `module.exports = { clean }` */
function commonJs(expression: AnyNode): Exported[] {
  if (expression.type !== "AssignmentExpression" || expression.left.type !== "MemberExpression") return [];
  const { left, right } = expression;
  const target = dotted(left as AnyNode);
  if (target === "module.exports" && right.type === "ObjectExpression") {
    return right.properties.flatMap((property) =>
      property.type === "Property" &&
      property.key.type === "Identifier" &&
      property.value.type === "Identifier"
        ? [{ name: property.key.name, local: property.value.name }]
        : [],
    );
  }
  const name = /^(?:module\.)?exports\.([^.]+)$/.exec(target)?.[1];
  if (name === undefined || right.type !== "Identifier") return [];
  return [{ name, local: right.name }];
}

function dotted(node: AnyNode): string {
  if (node.type === "Identifier") return node.name;
  if (node.type !== "MemberExpression" || node.computed || node.property.type !== "Identifier") return "";
  return `${dotted(node.object as AnyNode)}.${node.property.name}`;
}

function textOf(name: AnyNode): string {
  if (name.type === "Identifier") return name.name;
  return name.type === "Literal" ? String(name.value) : "";
}
