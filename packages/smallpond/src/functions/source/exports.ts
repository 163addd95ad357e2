/** What a module exports, and as what. */
import type { AnyNode } from "acorn";
import { isHelper } from "./helpers.ts";
import { type Binding, isFunction, type Program } from "./program.ts";
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
    if (value !== undefined && isThing(value, nodes, context)) return binding;
  }
  return undefined;
}

/** What a thing is exported as, by ES or CommonJS syntax; undefined when it is not. */
export function exportNameOf(context: PureContext, nodes: FunctionNodes): string | undefined {
  const binding = bindingOf(context, nodes);
  if (binding?.statement.type === "ExportDefaultDeclaration") return "default";
  if (binding?.statement.type === "ExportNamedDeclaration") return binding.name;
  return exportsOf(context.program).find(({ value }) =>
    value.type === "Identifier" ? value.name === binding?.name : isThing(value, nodes, context),
  )?.name;
}

/** The name of the top level behind an export; undefined for what comes from another module, or is not exported. */
export function exportedBinding(program: Program, name: string): Binding | undefined {
  for (const binding of program.bindings.values()) {
    if (binding.name === name && binding.statement.type === "ExportNamedDeclaration") return binding;
    if (name === "default" && binding.statement.type === "ExportDefaultDeclaration") return binding;
  }
  const value = exportsOf(program).find((exported) => exported.name === name)?.value;
  return value?.type === "Identifier" ? program.bindings.get(value.name) : undefined;
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

/** Whether a value is the function, or the object with the functions. */
function isThing(value: AnyNode, nodes: FunctionNodes, context: PureContext): boolean {
  if (nodes.setup === undefined) return unwrapped(value, context) === nodes.call;
  if (value.type !== "ObjectExpression") return false;
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
  readonly value: AnyNode;
}

function exportsOf({ statements }: Program): Exported[] {
  return statements.flatMap((statement) => {
    if (statement.type === "ExportNamedDeclaration" && statement.source == null) {
      return statement.specifiers.map(({ exported, local }) => ({ name: textOf(exported), value: local }));
    }
    if (statement.type === "ExportDefaultDeclaration") {
      return [{ name: "default", value: statement.declaration as AnyNode }];
    }
    if (statement.type !== "ExpressionStatement") return [];
    return commonJs(statement.expression).flatMap((exported) => [
      exported,
      ...getters(exported.value, statements),
    ]);
  });
}

/** `module.exports = __toCommonJS(words_exports)`, filled by `__export(words_exports, { clean: () => clean })` */
function getters(value: AnyNode, statements: readonly AnyNode[]): Exported[] {
  const [filled] = value.type === "CallExpression" ? value.arguments : [];
  if (filled?.type !== "Identifier") return [];
  return statements.flatMap((statement) => {
    const call = statement.type === "ExpressionStatement" ? statement.expression : undefined;
    const [target, fields] = call?.type === "CallExpression" ? call.arguments : [];
    if (target?.type !== "Identifier" || target.name !== filled.name || fields?.type !== "ObjectExpression")
      return [];
    return fields.properties.flatMap((field) =>
      field.type === "Property" &&
      field.key.type === "Identifier" &&
      field.value.type === "ArrowFunctionExpression"
        ? [{ name: field.key.name, value: field.value.body }]
        : [],
    );
  });
}

/** `exports.clean = clean`, `module.exports.clean = clean`, `module.exports = { clean }` */
function commonJs(expression: AnyNode): Exported[] {
  // What esbuild writes for Node to see: `0 && (module.exports = { clean })`
  if (expression.type === "LogicalExpression") return commonJs(expression.right);
  if (expression.type !== "AssignmentExpression" || expression.left.type !== "MemberExpression") return [];
  const { left, right } = expression;
  const target = dotted(left as AnyNode);
  if (target === "module.exports" && right.type === "ObjectExpression") {
    return right.properties.flatMap((property) =>
      property.type === "Property" && property.key.type === "Identifier"
        ? [{ name: property.key.name, value: property.value }]
        : [],
    );
  }
  if (target === "module.exports") return [{ name: "default", value: right }];
  const name = /^(?:module\.)?exports\.([^.]+)$/.exec(target)?.[1];
  return name === undefined ? [] : [{ name, value: right }];
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
