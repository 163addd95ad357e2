/** The file system as a model for the checkers: inodes get their numbers from the answers that first told them. */
import { type Model, UNKNOWN } from "../model.ts";
import {
  describeInput,
  describeOutput,
  type EntrySeen,
  isReadOnly,
  type NamespaceInput,
  type NamespaceOutput,
  type Place,
} from "./operations.ts";
import { type Effect, effectOf } from "./rules.ts";
import {
  emptyTree,
  findNode,
  isDetached,
  isDirectory,
  nodeOf,
  type Tree,
  treeKey,
  withNode,
  withoutEntry,
} from "./tree.ts";

export const NAMESPACE: Model<Tree, NamespaceInput, NamespaceOutput> = Object.freeze({
  name: "history",
  init: emptyTree,
  step: stepTree,
  key: treeKey,
  readOnly: isReadOnly,
  describe: (input: NamespaceInput, output: NamespaceOutput | typeof UNKNOWN) =>
    `${describeInput(input)} → ${output === UNKNOWN ? "no answer" : describeOutput(output)}`,
});

function stepTree(
  tree: Tree,
  input: NamespaceInput,
  output: NamespaceOutput | typeof UNKNOWN,
): Tree | undefined {
  const effect = effectOf(tree, input);
  if (output === UNKNOWN) return "codes" in effect ? tree : effect.tree;
  const exact = fit(tree, effect, output);
  if (exact !== undefined) return exact;
  if (!("code" in output) && tellsOfUnlinked(tree, input, output)) return tree;
  return touchesDetached(tree, input) ? fitDetached(tree, input, output) : undefined;
}

/** A file without a name is told of until it is collected. */
function tellsOfUnlinked(
  tree: Tree,
  input: NamespaceInput,
  output: Exclude<NamespaceOutput, { code: string }>,
): boolean {
  if (input.kind !== "stat" && input.kind !== "read" && input.kind !== "chmod") return false;
  return findNode(tree, input.id) === undefined && output.value?.includes(" 0 links") === true;
}

/** What is being collected goes bit by bit: each entry of it may be there or not, so nothing said of it is wrong. */
function fitDetached(tree: Tree, input: NamespaceInput, output: NamespaceOutput): Tree | undefined {
  if ("code" in output) return tree;
  const effect = effectOf(tree, input);
  if (!("codes" in effect)) return told(effect, output) ?? effect.tree;
  const without = effectOf(withoutDetachedEntries(tree, input), input);
  return "codes" in without ? tree : (told(without, output) ?? without.tree);
}

/** The tree in which names in detached directories that the operation is about are gone already. */
function withoutDetachedEntries(tree: Tree, input: NamespaceInput): Tree {
  const places = input.kind === "rename" ? [input.to] : "dir" in input ? [input] : [];
  let left = tree;
  for (const place of places) {
    const directory = findNode(left, place.dir);
    if (directory === undefined || !isPlaceDetached(left, place)) continue;
    left = withoutEntry(left, directory, place.name);
  }
  return left;
}

function fit(tree: Tree, effect: Effect, output: NamespaceOutput): Tree | undefined {
  if ("codes" in effect) return "code" in output && effect.codes.includes(output.code) ? tree : undefined;
  if ("code" in output) return undefined;
  if (effect.values !== undefined && output.value !== undefined && !effect.values.includes(output.value))
    return undefined;
  const known = told(effect, output);
  if (known === undefined || effect.listed === undefined) return known;
  return fitEntries(known, effect.listed, output.entries ?? []);
}

/** The tree in which the node that the answer is about has the number that it told. */
function told(
  effect: Exclude<Effect, { codes: readonly string[] }>,
  output: Exclude<NamespaceOutput, { code: string }>,
): Tree | undefined {
  if (output.id === undefined || effect.about === undefined) return effect.tree;
  return reveal(effect.tree, effect.about, output.id);
}

/** The tree in which the node has that id; nothing if it has another, or another node has it. */
function reveal(tree: Tree, number: number, id: bigint): Tree | undefined {
  const node = nodeOf(tree, number);
  if (node.id !== undefined) return node.id === id ? tree : undefined;
  return findNode(tree, id) === undefined ? withNode(tree, number, { ...node, id }) : undefined;
}

function fitEntries(tree: Tree, directory: number, seen: readonly EntrySeen[]): Tree | undefined {
  const { entries } = nodeOf(tree, directory);
  if (seen.length !== entries.size) return undefined;
  let told: Tree | undefined = tree;
  for (const { name, id } of seen) {
    const child = entries.get(name);
    if (child === undefined || told === undefined) return undefined;
    told = reveal(told, child, id);
  }
  return told;
}

function touchesDetached(tree: Tree, input: NamespaceInput): boolean {
  if (tree.detached.length === 0 || input.kind === "resolve") return false;
  if (input.kind === "rename") return isPlaceDetached(tree, input.from) || isPlaceDetached(tree, input.to);
  const byNumber = "id" in input && isInodeDetached(tree, input.id);
  return byNumber || ("dir" in input && isPlaceDetached(tree, input));
}

function isPlaceDetached(tree: Tree, { dir }: Place): boolean {
  const number = findNode(tree, dir);
  return number !== undefined && isDirectory(tree, number) && isDetached(tree, number);
}

/** Whether every name of the inode is in directories that are being collected. */
function isInodeDetached(tree: Tree, id: bigint): boolean {
  const number = findNode(tree, id);
  if (number === undefined) return false;
  if (isDirectory(tree, number)) return isDetached(tree, number);
  const holders = [...tree.nodes].filter(([, { entries }]) => [...entries.values()].includes(number));
  return holders.every(([holder]) => isDetached(tree, holder));
}
