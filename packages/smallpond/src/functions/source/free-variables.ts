/** What a function uses that is not inside of it. */
import type { AnyNode } from "acorn";
import type { Obstacle } from "../errors.ts";
import type { FunctionText } from "./function-text.ts";
import { GLOBALS, identifierOf } from "./scopes.ts";
import { walk } from "./walk.ts";

/** A name that is declared around the function. */
export interface FreeName {
  readonly name: string;
  /** As the user is likely to have written it, where a compiler made it a field of an import. */
  readonly written: string;
}

export interface FreeVariables {
  readonly names: readonly FreeName[];
  /** What has a meaning only where the function stands. */
  readonly bound: readonly Obstacle[];
  /** Whether it asks for the object that it is a method of. */
  readonly usesThis: boolean;
}

const BOUND = {
  file: "is relative to the file it stands in",
  around: "is the one of the code around it",
  class: "belongs to its class",
} as const;

/** Names that only say where code runs when they are asked for by `typeof`. */
const ASKED_FOR = new Set(["window", "document", "self", "Deno", "Bun", "require", "module", "exports"]);

export function freeVariables(text: FunctionText): FreeVariables {
  const parents = parentsOf(text.program);
  const names = new Map<string, FreeName>();
  const bound = new Map<string, Obstacle>();
  for (const reference of text.scopes.unresolved) {
    const identifier = identifierOf(reference);
    const { name } = identifier;
    if (GLOBALS.has(name)) continue;
    const parent = parents.get(identifier);
    if (ASKED_FOR.has(name) && parent?.type === "UnaryExpression" && parent.operator === "typeof") continue;
    if (name === "require") bound.set(name, { name: "require()", why: BOUND.file });
    else if (name === "arguments") bound.set(name, { name, why: BOUND.around });
    else {
      const written = writtenName(name, parent);
      names.set(written, { name, written });
    }
  }
  for (const obstacle of boundWords(text)) bound.set(obstacle.name, obstacle);
  return { names: [...names.values()], bound: [...bound.values()], usesThis: usesThis(text) };
}

/** `__vite_ssr_import_0__.clean`, `import_clean.clean` and `clean_1.clean` were written as `clean`. */
function writtenName(name: string, parent: AnyNode | undefined): string {
  if (!/^(__vite_ssr_import_\d+__|__vi_import_\d+__|import_\w+|\w+_\d+)$/.test(name)) return name;
  const field = parent?.type === "MemberExpression" && !parent.computed ? parent.property : undefined;
  return field?.type === "Identifier" ? field.name : name;
}

/** `this`, `super`, `import()` and the like. */
function boundWords({ program, node: root }: FunctionText): Obstacle[] {
  const found: Obstacle[] = [];
  walk(program, (node, above) => {
    const word = wordOf(node, above, root);
    if (word !== undefined) found.push(word);
    return undefined;
  });
  return found;
}

function usesThis({ program, node: root }: FunctionText): boolean {
  let uses = false;
  walk(program, (node, above) => {
    uses ||= node.type === "ThisExpression" && ownerOf(above) === root;
    return !uses;
  });
  return uses;
}

function wordOf(node: AnyNode, above: readonly AnyNode[], root: AnyNode): Obstacle | undefined {
  switch (node.type) {
    case "ImportExpression":
      return { name: "import()", why: BOUND.file };
    case "MetaProperty":
      return node.meta.name === "import" ? { name: "import.meta", why: BOUND.file } : undefined;
    case "ThisExpression":
      return root.type === "ArrowFunctionExpression" && ownerOf(above) === root
        ? { name: "this", why: BOUND.around }
        : undefined;
    case "Super":
      return ownerOf(above) === root ? { name: "super", why: BOUND.class } : undefined;
    case "PrivateIdentifier":
      return above.some(({ type }) => type === "ClassBody")
        ? undefined
        : { name: `#${node.name}`, why: BOUND.class };
    default:
      return undefined;
  }
}

/** The function or class body that `this` and `super` are about: arrow functions have none of their own. */
function ownerOf(above: readonly AnyNode[]): AnyNode | undefined {
  const owners = ["FunctionExpression", "FunctionDeclaration", "PropertyDefinition", "StaticBlock"];
  const own = above.findLast(({ type }) => owners.includes(type));
  return own ?? above.find(({ type }) => type === "ArrowFunctionExpression");
}

function parentsOf(program: AnyNode): ReadonlyMap<AnyNode, AnyNode> {
  const parents = new Map<AnyNode, AnyNode>();
  walk(program, (node, above) => {
    const parent = above.at(-1);
    if (parent !== undefined) parents.set(node, parent);
    return undefined;
  });
  return parents;
}
