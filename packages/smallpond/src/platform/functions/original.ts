/** The file that a running function was compiled from, and the function in it. */

import { existsSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { sourceContentFor } from "@jridgewell/trace-mapping";
import type { AnyNode } from "acorn";
import { type FunctionNode, functionAt, isFunction, type Program } from "../../functions/source/program.ts";
import { walk } from "../../functions/source/walk.ts";
import { fileText, type ModuleText } from "./module-text.ts";
import { lineAndColumn, originOf, type UserPlace } from "./source-map.ts";
import type { PartName, Target } from "./target.ts";

export type PartNodes = ReadonlyMap<PartName, FunctionNode>;

export interface Original {
  readonly module: ModuleText;
  readonly nodes: PartNodes;
}

/** The parts of what was passed in the script that runs; undefined when one is not there. */
export function runningNodes({ parts, running }: Target): PartNodes | undefined {
  if (running === undefined) return undefined;
  const nodes = new Map<PartName, FunctionNode>();
  for (const { name, place } of parts) {
    const node = place && functionAt(running.program, place.offset);
    if (node === undefined) return undefined;
    nodes.set(name, node);
  }
  return nodes;
}

/** Undefined when there is no source map, or the file is gone or has changed since it was compiled. */
export async function originalOf(target: Target, nodes: PartNodes): Promise<Original | undefined> {
  const { running, origin } = target;
  if (running === undefined || origin === undefined) return undefined;
  if (!running.isCompiled) return { module: running, nodes };
  if (!isUnchanged(running, origin.path)) return undefined;
  const module = await fileText(origin.path);
  if (module === undefined) return undefined;
  const found = new Map<PartName, FunctionNode>();
  for (const [name, node] of nodes) {
    const same = sameFunction(module, originsOf(running, node));
    if (same === undefined) return undefined;
    found.set(name, same);
  }
  return { module, nodes: found };
}

function isUnchanged({ map }: ModuleText, path: string): boolean {
  if (!existsSync(path)) return false;
  const compiled = sourceContentFor(map, pathToFileURL(path).href);
  return compiled === null || compiled === readFileSync(path, "utf8");
}

/** Where people wrote the beginning of a function and of its body. */
interface Origins {
  readonly start: string | undefined;
  readonly body: string | undefined;
}

/** The function with the same origins. Compilers agree on where an expression begins, but not on every bracket. */
function sameFunction(module: ModuleText, wanted: Origins): FunctionNode | undefined {
  const all: { node: FunctionNode; origins: Origins }[] = [];
  walk(module.program.tree, (node) => {
    if (isFunction(node)) all.push({ node, origins: originsOf(module, node) });
    return undefined;
  });
  const starts = all.filter(({ origins }) => origins.start !== undefined && origins.start === wanted.start);
  const bodies = all.filter(({ origins }) => origins.body !== undefined && origins.body === wanted.body);
  const both = starts.filter((one) => bodies.includes(one));
  return [both, starts, bodies].find((found) => found.length === 1)?.[0]?.node;
}

function originsOf({ map, program }: ModuleText, node: FunctionNode): Origins {
  return { start: placeText(map, program, node), body: placeText(map, program, node.body) };
}

function placeText(map: ModuleText["map"], program: Program, node: AnyNode): string | undefined {
  const place: UserPlace | undefined = originOf(map, lineAndColumn(program.text, node.start));
  return place && `${place.path}:${place.line}:${place.column}`;
}
