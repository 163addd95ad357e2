/** Functions that need nothing from around them, as one expression. */
import { createHash } from "node:crypto";
import type { Obstacle } from "../../functions/errors.ts";
import { freeVariables } from "../../functions/source/free-variables.ts";
import type { FunctionText } from "../../functions/source/function-text.ts";
import { isHelper } from "../../functions/source/helpers.ts";
import type { FunctionNode } from "../../functions/source/program.ts";
import type { PureContext } from "../../functions/source/pure.ts";
import { slice } from "../../functions/source/slice.ts";
import type { FunctionCode } from "../../functions/spec.ts";
import type { ModuleText } from "./module-text.ts";
import { type Moved, movedMap } from "./moved-map.ts";
import type { PartName } from "./target.ts";

/** A function, and where it is in the text it was found in. */
export interface TextPart {
  readonly name: PartName;
  readonly text: FunctionText;
  readonly node: FunctionNode | undefined;
}

export interface TextRequest {
  readonly isStateful: boolean;
  /** Whether `this` would be another object: one with more than the parts. */
  readonly hasMore: boolean;
  readonly parts: readonly TextPart[];
  /** The text they stand in, whose compiler's helpers they may use. */
  readonly module: ModuleText | undefined;
  readonly shapes: () => Promise<ReadonlySet<string>>;
}

const WHOLE_OBJECT: Obstacle = { name: "this", why: "has more than setup(), call() and teardown()" };

/** The code, or what stands in its way. */
export async function shipText(request: TextRequest): Promise<FunctionCode | readonly Obstacle[]> {
  const free = request.parts.map(({ text }) => freeVariables(text));
  const bound = free.flatMap((one) => one.bound);
  if (request.hasMore && free.some(({ usesThis }) => usesThis)) bound.push(WHOLE_OBJECT);
  const names = [...new Set(free.flatMap((one) => one.names.map(({ name }) => name)))];
  const helpers = names.length === 0 ? "" : await definitions(names, request);
  if (bound.length === 0 && helpers !== undefined) return textCode(request, helpers);
  const written = free.flatMap((one) => one.names).filter(({ name }) => !isKnownHelper(name, request));
  return unique([...written.map((one) => ({ name: one.written, why: null })), ...bound]);
}

/** Definitions of names that are all compilers' helpers; undefined when one is not. */
async function definitions(names: readonly string[], request: TextRequest): Promise<string | undefined> {
  if (request.module === undefined) return undefined;
  const { program } = request.module;
  if (!names.every((name) => program.bindings.has(name))) return undefined;
  const named = names.every((name) => isKnownHelper(name, request));
  const context: PureContext = { program, shapes: named ? new Set() : await request.shapes() };
  if (!names.every((name) => isHelper(program, name, context.shapes))) return undefined;
  const cut = slice(context, names);
  return cut.kind === "sound" && !cut.imports ? cut.text.trim().replace(/\s*\n\s*/g, "\n") : undefined;
}

function isKnownHelper(name: string, { module }: TextRequest): boolean {
  return module !== undefined && isHelper(module.program, name, new Set());
}

function textCode({ isStateful, parts, module }: TextRequest, helpers: string): FunctionCode {
  let text = helpers === "" ? "" : `(() => {\n${helpers}\nreturn `;
  const moved: Moved[] = [];
  const add = ({ text: part, node }: TextPart): void => {
    if (node !== undefined) {
      const to = text.length + part.begin + part.shift;
      moved.push({ from: node.start, to, length: node.end - node.start });
    }
    text += part.expression;
  };
  if (isStateful) {
    text += "({\n";
    for (const part of parts) {
      text += `${part.name}: `;
      add(part);
      text += ",\n";
    }
    text += "})";
  } else {
    add(parts[0]!);
  }
  if (helpers !== "") text += ";\n})()";
  const map = module === undefined ? undefined : JSON.stringify(movedMap(text, moved, module));
  const hash = createHash("sha256").update(text).digest("hex");
  return { kind: "text", text, hash, ...(map === undefined ? {} : { map }) };
}

function unique(obstacles: readonly Obstacle[]): Obstacle[] {
  return [...new Map(obstacles.map((obstacle) => [obstacle.name, obstacle])).values()];
}
