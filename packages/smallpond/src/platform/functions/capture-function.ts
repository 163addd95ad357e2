/** Decides how a function travels: as text, as a slice of its file, or as the module that exports it. */
import { existsSync, realpathSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { freeVariable, functionError, type Obstacle } from "../../functions/errors.ts";
import {
  bindingOf,
  exportedBinding,
  exportNameOf,
  type FunctionNodes,
} from "../../functions/source/exports.ts";
import { parseFunction } from "../../functions/source/function-text.ts";
import type { FunctionNode } from "../../functions/source/program.ts";
import type { PureContext } from "../../functions/source/pure.ts";
import { slice } from "../../functions/source/slice.ts";
import type { FunctionCode } from "../../functions/spec.ts";
import { isModuleFunction, type ModuleFunction, type UserFunction } from "../../functions/user-function.ts";
import { LOADERS } from "../bundling/loaders.ts";
import type { CaptureSettings } from "./capture.ts";
import { helperShapes } from "./helper-shapes.ts";
import { fileText, type ModuleText } from "./module-text.ts";
import { type Original, originalOf, type PartNodes, runningNodes } from "./original.ts";
import { shipModule, shipSlice } from "./ship-bundle.ts";
import { shipText, type TextPart } from "./ship-text.ts";
import type { UserPlace } from "./source-map.ts";
import { type Target, targetOf } from "./target.ts";
import { changedNames } from "./unchanged.ts";

export async function capture(
  fn: UserFunction<never, unknown, never>,
  settings: CaptureSettings,
): Promise<FunctionCode> {
  if (isModuleFunction(fn)) return await captureExport(fn, settings);
  const target = targetOf(fn, settings.name);
  const nodes = runningNodes(target);
  const text = await asText(target, nodes);
  if (!isObstacles(text)) return text;
  const original = nodes && (await originalOf(target, nodes));
  const places = [
    ...(nodes === undefined ? [] : [{ module: target.running!, nodes }]),
    ...(original === undefined || original.module === target.running ? [] : [original]),
  ];
  let obstacles: readonly Obstacle[] = text;
  for (const place of places) {
    const sliced = await asSlice(place, target, settings);
    if (sliced === undefined) continue;
    if (!isObstacles(sliced)) return sliced;
    obstacles = sliced;
  }
  if (original !== undefined) {
    const module = await asModule(original, settings);
    if (module !== undefined) return module;
    const own = await asOriginalText(target, original);
    if (!isObstacles(own)) return own;
    if (obstacles === text) obstacles = own;
  }
  throw freeVariable(settings.name, obstacles, placeText(target.origin));
}

// ---- text -----------------------------------------------------------------------------------------------------

async function asText(
  target: Target,
  nodes: PartNodes | undefined,
): Promise<FunctionCode | readonly Obstacle[]> {
  const { isStateful, hasMore, running } = target;
  const parts = target.parts.map(({ name, text }): TextPart => ({ name, text, node: nodes?.get(name) }));
  return await shipText({ isStateful, hasMore, parts, module: running, shapes: helperShapes });
}

/** The function as the user wrote it, without what another compiler made of it. */
async function asOriginalText(
  { isStateful, hasMore, parts }: Target,
  { module, nodes }: Original,
): Promise<FunctionCode | readonly Obstacle[]> {
  const texts = parts.map(({ name, text }): TextPart => {
    const node = nodes.get(name)!;
    const parsed = parseFunction(sourceOf(node, module.program.text));
    return { name, text: parsed === undefined || parsed === "class" ? text : parsed, node };
  });
  return await shipText({ isStateful, hasMore, parts: texts, module, shapes: helperShapes });
}

/** As `toString` would give it. A method's node begins with its parameters. */
function sourceOf(node: FunctionNode, text: string): string {
  const own = text.slice(node.start, node.end);
  if (node.type !== "FunctionExpression" || !own.startsWith("(")) return own;
  return `${node.async ? "async " : ""}${node.generator ? "*" : ""}call${own}`;
}

// ---- bundles --------------------------------------------------------------------------------------------------

/** Undefined when the function is none of the top level, such as one written at the place of its use. */
async function asSlice(
  { module, nodes }: Original,
  { parts, value }: Target,
  settings: CaptureSettings,
): Promise<FunctionCode | readonly Obstacle[] | undefined> {
  const context = await contextOf(module);
  const binding = bindingOf(context, nodesOf(nodes));
  if (binding === undefined) return undefined;
  const cut = slice(context, [binding.name]);
  if (cut.kind === "unsound") return cut.obstacles;
  const changed = changedNames(cut.doubtful, context, {
    fn: parts[0].value,
    known: new Map([[binding.name, value]]),
  });
  if (changed.length > 0) return changed;
  return await shipSlice(module, { binding, slice: cut }, settings);
}

/** The whole module, unless it is the job, which an executor must not run again. */
async function asModule(
  { module, nodes }: Original,
  settings: CaptureSettings,
): Promise<FunctionCode | undefined> {
  if (isEntry(module.path)) return undefined;
  const name = exportNameOf(await contextOf(module), nodesOf(nodes));
  return name === undefined ? undefined : await shipModule(module.path, name, settings);
}

async function captureExport(
  { url, name }: ModuleFunction,
  settings: CaptureSettings,
): Promise<FunctionCode> {
  const path = pathOfModule(url, settings.name);
  const module = await fileText(path);
  const binding = module && exportedBinding(module.program, name);
  let obstacles: readonly Obstacle[] = [];
  if (module !== undefined && binding !== undefined) {
    const context = await contextOf(module);
    const cut = slice(context, [binding.name]);
    obstacles = cut.kind === "unsound" ? cut.obstacles : changedNames(cut.doubtful, context, undefined);
    if (cut.kind === "sound" && obstacles.length === 0) {
      return await shipSlice(module, { binding, slice: cut }, settings);
    }
  }
  if (isEntry(path) && obstacles.length > 0) throw freeVariable(settings.name, obstacles, path);
  return await shipModule(path, name, settings);
}

async function contextOf({ program }: ModuleText): Promise<PureContext> {
  return { program, shapes: await helperShapes() };
}

function nodesOf(nodes: PartNodes): FunctionNodes {
  return Object.fromEntries(nodes) as unknown as FunctionNodes;
}

/** Whether a file is the program that runs. */
function isEntry(path: string): boolean {
  const [, program] = process.argv;
  return program !== undefined && existsSync(program) && realpathSync(program) === path;
}

function isObstacles(result: FunctionCode | readonly Obstacle[]): result is readonly Obstacle[] {
  return Array.isArray(result);
}

function placeText(place: UserPlace | undefined): string | undefined {
  return place && `${place.path}:${place.line}:${place.column}`;
}

function pathOfModule(url: string, name: string): string {
  const path = fileURLToPath(url.replace(/[?#].*$/, ""));
  const known = LOADERS[extname(path)] !== undefined;
  if (known && existsSync(path)) return realpathSync(path);
  throw functionError("MODULE_NOT_FOUND", name, {
    message: known ? `there is no module ${path}` : `${path} is no TypeScript or JavaScript file`,
    hint: 'name it relative to the file that you write in: new URL("./clean.ts", import.meta.url)',
  });
}
