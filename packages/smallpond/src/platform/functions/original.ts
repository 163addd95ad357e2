/** The file that a running function was compiled from, and the function in it. */

import { existsSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { sourceContentFor } from "@jridgewell/trace-mapping";
import { type FunctionNode, functionAt, isFunction } from "../../functions/source/program.ts";
import { walk } from "../../functions/source/walk.ts";
import { fileText, type ModuleText, placeIn } from "./module-text.ts";
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
  if (running.map === null) return { module: running, nodes };
  if (!isUnchanged(running, origin.path)) return undefined;
  const module = await fileText(origin.path);
  if (module === undefined) return undefined;
  const found = new Map<PartName, FunctionNode>();
  for (const [name, node] of nodes) {
    const same = sameFunction(module, running, node);
    if (same === undefined) return undefined;
    found.set(name, same);
  }
  return { module, nodes: found };
}

function isUnchanged({ map }: ModuleText, path: string): boolean {
  if (!existsSync(path)) return false;
  const compiled = map && sourceContentFor(map, pathToFileURL(path).href);
  return compiled === null || compiled === readFileSync(path, "utf8");
}

/** How much of two functions must come from the same places. Less is a map that only knows of lines. */
const LIKENESS_MIN = 0.3;

/**
 * The function that was written at the same places. Compilers agree on where names and literals come from, but not on
 * every bracket, so all nodes of a function count, and the one with most in common is it. When two are as good, neither
 * is: calling another function than the one that was passed would be worse than refusing.
 */
function sameFunction(module: ModuleText, running: ModuleText, fn: FunctionNode): FunctionNode | undefined {
  const wanted = placesOf(running, fn);
  const candidates: { node: FunctionNode; likeness: number }[] = [];
  walk(module.program.tree, (node) => {
    if (!isFunction(node)) return undefined;
    const places = placesOf(module, node);
    const shared = [...places].filter((place) => wanted.has(place)).length;
    if (node.params.length === fn.params.length) {
      candidates.push({ node, likeness: shared / (places.size + wanted.size - shared) });
    }
    // What has nothing in common has nothing inside that has.
    return shared > 0;
  });
  const [best, next] = candidates.sort((a, b) => b.likeness - a.likeness);
  if (best === undefined || best.likeness < LIKENESS_MIN || best.likeness === next?.likeness)
    return undefined;
  return best.node;
}

/** Where people wrote the parts of a function. */
function placesOf(module: ModuleText, fn: FunctionNode): ReadonlySet<string> {
  const places = new Set<string>();
  walk(fn, (node) => {
    const place = placeIn(module, node.start);
    if (place !== undefined) places.add(`${place.path}:${place.line}:${place.column}`);
    return undefined;
  });
  return places;
}
