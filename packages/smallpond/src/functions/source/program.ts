/** A whole script or module: what its top level declares, and which function stands where. */
import {
  type AnyNode,
  type ArrowFunctionExpression,
  type ExportDefaultDeclaration,
  type ExportNamedDeclaration,
  type FunctionDeclaration,
  type FunctionExpression,
  parse,
  type Program as Tree,
  type VariableDeclaration,
  type VariableDeclarator,
} from "acorn";
import { PARSE_OPTIONS } from "./function-text.ts";
import { type Scopes, type SourceType, scopesOf, type Variable } from "./scopes.ts";
import { walk } from "./walk.ts";

export type FunctionNode = ArrowFunctionExpression | FunctionExpression | FunctionDeclaration;

export interface Program {
  readonly text: string;
  /** Where each line begins. */
  readonly lines: readonly number[];
  readonly tree: Tree;
  readonly scopes: Scopes;
  /** Of the top level: also that of the one function which some compilers put around everything. */
  readonly statements: readonly AnyNode[];
  /** What the top level declares. */
  readonly bindings: ReadonlyMap<string, Binding>;
}

/** A name of the top level. */
export interface Binding {
  readonly name: string;
  /** Null for a default export without a name. */
  readonly variable: Variable | null;
  readonly kind: "import" | "function" | "class" | "value";
  /** Where it is declared, without `export`. */
  readonly declaration: AnyNode;
  /** The part of a `const` that declares it. */
  readonly declarator: VariableDeclarator | null;
  readonly statement: AnyNode;
}

/** The name of a default export that has none. */
export const DEFAULT = "*default*";

/** Undefined when the text is none that acorn can read. */
export function parseProgram(text: string, sourceType: SourceType): Program | undefined {
  const tree = parseTree(text, sourceType);
  return tree && new ParsedProgram(text, tree, sourceType);
}

/** Knowing what every name means takes longer than parsing, and functions that travel as text do without. */
class ParsedProgram implements Program {
  readonly text: string;
  readonly lines: readonly number[];
  readonly tree: Tree;
  readonly #sourceType: SourceType;
  #scopes: Scopes | undefined;
  #bindings: ReadonlyMap<string, Binding> | undefined;

  constructor(text: string, tree: Tree, sourceType: SourceType) {
    this.text = text;
    this.lines = lineStarts(text);
    this.tree = tree;
    this.#sourceType = sourceType;
  }

  get scopes(): Scopes {
    this.#scopes ??= scopesOf(this.tree, this.#sourceType);
    return this.#scopes;
  }

  get statements(): readonly AnyNode[] {
    const wrapper = wrapperOf(this.tree);
    if (wrapper === undefined) return this.tree.body;
    return wrapper.body.type === "BlockStatement" ? wrapper.body.body : [];
  }

  get bindings(): ReadonlyMap<string, Binding> {
    this.#bindings ??= this.#findBindings();
    return this.#bindings;
  }

  #findBindings(): ReadonlyMap<string, Binding> {
    const wrapper = wrapperOf(this.tree);
    const scope = wrapper === undefined ? this.scopes.top : this.scopes.inside(wrapper);
    const bindings = new Map<string, Binding>();
    for (const statement of this.statements) {
      for (const { name, ...parts } of declaredBy(statement)) {
        bindings.set(name, { name, variable: scope?.set.get(name) ?? null, ...parts });
      }
    }
    return bindings;
  }
}

/** The innermost function whose parameters are at an offset, which is how V8 says where a function is. */
export function functionAt(program: Program, offset: number): FunctionNode | undefined {
  let found: FunctionNode | undefined;
  walk(program.tree, (node) => {
    if (offset < node.start || offset >= node.end) return false;
    if (isFunction(node) && offset <= node.body.start) found = node;
    return undefined;
  });
  return found;
}

/** Line (from 1) and column (from 0) of an offset, as source maps count. */
export function positionOf({ lines }: Program, offset: number): { line: number; column: number } {
  return positionIn(lines, offset);
}

export function positionIn(lines: readonly number[], offset: number): { line: number; column: number } {
  let [low, high] = [0, lines.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (lines[middle]! <= offset) low = middle;
    else high = middle;
  }
  return { line: low + 1, column: offset - lines[low]! };
}

export function lineStarts(text: string): number[] {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|[\n\r\u2028\u2029]/g)) starts.push(match.index + match[0].length);
  return starts;
}

export function isFunction(node: AnyNode): node is FunctionNode {
  const { type } = node;
  return (
    type === "ArrowFunctionExpression" || type === "FunctionExpression" || type === "FunctionDeclaration"
  );
}

/** What a binding is given where it is declared; null for imports and for parts of a pattern. */
export function definitionOf({ kind, declaration, declarator }: Binding): AnyNode | null {
  if (kind === "import") return null;
  if (declarator !== null) return declarator.id.type === "Identifier" ? (declarator.init ?? null) : null;
  return declaration;
}

// ---- parsing --------------------------------------------------------------------------------------------------

function parseTree(text: string, sourceType: SourceType): Tree | undefined {
  const script = { sourceType: "script", allowReturnOutsideFunction: true, allowHashBang: true } as const;
  try {
    return parse(text, { ...PARSE_OPTIONS, ...(sourceType === "module" ? {} : script) });
  } catch {
    return undefined;
  }
}

/** `(() => { … })()` around everything, beside nothing but assignments and directives. */
function wrapperOf({ body }: Tree): FunctionNode | undefined {
  let wrapper: FunctionNode | undefined;
  for (const statement of body) {
    if (statement.type !== "ExpressionStatement") return undefined;
    const { expression } = statement;
    const callee = expression.type === "CallExpression" ? expression.callee : undefined;
    if (callee !== undefined && isFunction(callee) && wrapper === undefined) wrapper = callee;
    else if (expression.type !== "AssignmentExpression" && statement.directive === undefined)
      return undefined;
  }
  return wrapper;
}

// ---- declarations ---------------------------------------------------------------------------------------------

type Declared = Omit<Binding, "variable">;

function declaredBy(statement: AnyNode): Declared[] {
  switch (statement.type) {
    case "ImportDeclaration":
      return statement.specifiers.map(({ local }) => ({
        name: local.name,
        kind: "import",
        declaration: statement,
        declarator: null,
        statement,
      }));
    case "ExportNamedDeclaration":
    case "ExportDefaultDeclaration":
      return exported(statement);
    default:
      return declarations(statement, statement);
  }
}

function exported(statement: ExportNamedDeclaration | ExportDefaultDeclaration): Declared[] {
  const { declaration } = statement;
  if (declaration === null || declaration === undefined) return [];
  const found = declarations(declaration as AnyNode, statement);
  if (found.length > 0 || statement.type === "ExportNamedDeclaration") return found;
  const node = declaration as AnyNode;
  const kind = isFunction(node) ? "function" : node.type === "ClassDeclaration" ? "class" : "value";
  return [{ name: DEFAULT, kind, declaration: node, declarator: null, statement }];
}

function declarations(node: AnyNode, statement: AnyNode): Declared[] {
  switch (node.type) {
    case "FunctionDeclaration":
    case "ClassDeclaration": {
      const kind = node.type === "ClassDeclaration" ? "class" : "function";
      const name = (node.id as { name: string } | null)?.name;
      return name === undefined ? [] : [{ name, kind, declaration: node, declarator: null, statement }];
    }
    case "VariableDeclaration":
      return variables(node, statement);
    default:
      return [];
  }
}

function variables(declaration: VariableDeclaration, statement: AnyNode): Declared[] {
  return declaration.declarations.flatMap((declarator) =>
    namesIn(declarator.id).map((name) => ({ name, kind: "value", declaration, declarator, statement })),
  );
}

/** The names that a pattern such as `{ a, b: [c] }` declares. */
function namesIn(pattern: AnyNode): string[] {
  switch (pattern.type) {
    case "Identifier":
      return [pattern.name];
    case "ObjectPattern":
      return pattern.properties.flatMap((part) => namesIn(part.type === "Property" ? part.value : part));
    case "ArrayPattern":
      return pattern.elements.flatMap((part) => (part === null ? [] : namesIn(part)));
    case "RestElement":
      return namesIn(pattern.argument);
    case "AssignmentPattern":
      return namesIn(pattern.left);
    default:
      return [];
  }
}
