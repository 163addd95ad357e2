/**
 * What each operation does to the tree, or why it cannot: POSIX in as few words as possible. Where several reasons apply
 * any of them may be given, because POSIX does not order them.
 */
import { assertNever } from "@smallpond/base";
import type { NamespaceInput, Place } from "./operations.ts";
import {
  dropIfUnlinked,
  findNode,
  isDetached,
  isDirectory,
  isWithin,
  linksOf,
  newNode,
  nodeOf,
  ROOT,
  type Tree,
  type TreeNode,
  withEntry,
  withNode,
  withoutEntry,
} from "./tree.ts";

/** The only answers there are: one of these errors; or the tree afterwards, the node it is about and what is told. */
export type Effect =
  | { readonly codes: readonly string[] }
  | {
      readonly tree: Tree;
      readonly about?: number;
      /** One of these. */
      readonly values?: readonly string[];
      /** The directory whose entries are told. */
      readonly listed?: number;
    };

export const SYMLINKS_MAX = 40;

/** What an inode's number is answered with once the inode is gone. */
const GONE: readonly string[] = ["ENOENT", "ESTALE"];

export function effectOf(tree: Tree, input: NamespaceInput): Effect {
  switch (input.kind) {
    case "lookup":
      return lookup(tree, input);
    case "stat":
      return onInode(tree, input.id, (number) => ({ tree, about: number, values: attributes(tree, number) }));
    case "read":
      return onInode(tree, input.id, (_, node) =>
        node.kind === "file" ? { tree, values: [node.text] } : { codes: ["EISDIR", "EINVAL"] },
      );
    case "readdir":
      return onInode(tree, input.id, (number, { kind }) =>
        kind === "directory" ? { tree, listed: number } : { codes: ["ENOTDIR"] },
      );
    case "resolve":
      return resolve(tree, input.path);
    case "create":
      return add(tree, input, newNode("file", input.mode, ""));
    case "mkdir":
      return add(tree, input, newNode("directory", input.mode, ""));
    case "symlink":
      return add(tree, input, newNode("symlink", 0o777, input.target));
    case "write":
      return write(tree, input);
    case "link":
      return link(tree, input);
    case "unlink":
      return remove(tree, input, (child) => (isDirectory(tree, child) ? ["EISDIR", "EPERM"] : []));
    case "rmdir":
      return remove(tree, input, (child) => emptyDirectory(tree, child));
    case "remove-tree":
      return removeTree(tree, input);
    case "rename":
      return input.how === "exchange" ? exchange(tree, input) : rename(tree, input);
    case "chmod":
      return onInode(tree, input.id, (number, node) => ({
        tree: withNode(tree, number, { ...node, mode: input.mode }),
        about: number,
      }));
    default:
      return assertNever(input);
  }
}

/** What a stat tells. A name that is being collected with its directory may count or not. */
export function attributes(tree: Tree, number: number): readonly string[] {
  const { kind, mode, text } = nodeOf(tree, number);
  const told = (links: number): string => {
    const size = kind === "file" ? ` ${text.length} bytes` : "";
    const target = kind === "symlink" ? ` to ${text}` : "";
    return `${kind} ${mode.toString(8)} ${links} links${size}${target}`;
  };
  const links = linksOf(tree, number);
  if (kind === "directory") return [told(links)];
  const going = [...tree.nodes].filter(
    ([directory]) => isDirectory(tree, directory) && isDetached(tree, directory),
  );
  const uncertain = going
    .flatMap(([, { entries }]) => [...entries.values()])
    .filter((child) => child === number).length;
  return Array.from({ length: uncertain + 1 }, (_, gone) => told(links - gone));
}

function onInode(tree: Tree, id: bigint, then: (number: number, node: TreeNode) => Effect): Effect {
  const number = findNode(tree, id);
  return number === undefined ? { codes: GONE } : then(number, nodeOf(tree, number));
}

interface Found {
  /** Why the place cannot be looked at; empty if it can. */
  readonly codes: readonly string[];
  readonly directory: number;
  readonly child: number | undefined;
}

function find(tree: Tree, { dir, name }: Place): Found {
  const directory = findNode(tree, dir);
  if (directory === undefined) return { codes: GONE, directory: ROOT, child: undefined };
  if (!isDirectory(tree, directory)) return { codes: ["ENOTDIR"], directory, child: undefined };
  return { codes: [], directory, child: nodeOf(tree, directory).entries.get(name) };
}

function lookup(tree: Tree, place: Place): Effect {
  const { codes, child } = find(tree, place);
  if (codes.length > 0) return { codes };
  return child === undefined
    ? { codes: ["ENOENT"] }
    : { tree, about: child, values: [nodeOf(tree, child).kind] };
}

function resolve(tree: Tree, path: string): Effect {
  const rest = parts(path);
  let at = ROOT;
  let followed = 0;
  while (rest.length > 0) {
    const name = rest.shift()!;
    const node = nodeOf(tree, at);
    if (node.kind !== "directory") return { codes: ["ENOTDIR"] };
    const child = name === ".." ? node.parent : node.entries.get(name);
    if (child === undefined) return { codes: ["ENOENT"] };
    const { kind, text } = nodeOf(tree, child);
    if (kind !== "symlink") {
      at = child;
      continue;
    }
    followed += 1;
    if (followed > SYMLINKS_MAX) return { codes: ["ELOOP"] };
    if (text.startsWith("/")) at = ROOT;
    rest.unshift(...parts(text));
  }
  return { tree, about: at, values: [nodeOf(tree, at).kind] };
}

function parts(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

function add(tree: Tree, place: Place, node: TreeNode): Effect {
  const { codes, directory, child } = find(tree, place);
  if (codes.length > 0) return { codes };
  if (child !== undefined) return { codes: ["EEXIST"] };
  const number = tree.next;
  return { tree: withEntry(withNode(tree, number, node), directory, place.name, number), about: number };
}

function write(tree: Tree, input: Place & { readonly mode: number; readonly text: string }): Effect {
  const { codes, child } = find(tree, input);
  if (codes.length > 0) return { codes };
  if (child === undefined) return add(tree, input, newNode("file", input.mode, input.text));
  const node = nodeOf(tree, child);
  if (node.kind === "directory") return { codes: ["EISDIR"] };
  if (node.kind === "symlink") return { codes: ["ELOOP"] };
  return { tree: withNode(tree, child, { ...node, text: input.text }), about: child };
}

function link(tree: Tree, input: Place & { readonly id: bigint }): Effect {
  const { codes, directory, child } = find(tree, input);
  const source = findNode(tree, input.id);
  const reasons = [
    ...codes,
    ...(child === undefined ? [] : ["EEXIST"]),
    ...(source === undefined ? GONE : isDirectory(tree, source) ? ["EPERM"] : []),
  ];
  if (reasons.length > 0 || source === undefined) return { codes: reasons };
  return { tree: withEntry(tree, directory, input.name, source), about: source };
}

function remove(tree: Tree, place: Place, refuse: (child: number) => readonly string[]): Effect {
  const { codes, directory, child } = find(tree, place);
  if (codes.length > 0) return { codes };
  if (child === undefined) return { codes: ["ENOENT"] };
  const reasons = refuse(child);
  if (reasons.length > 0) return { codes: reasons };
  return { tree: dropIfUnlinked(withoutEntry(tree, directory, place.name), child) };
}

function emptyDirectory(tree: Tree, child: number): readonly string[] {
  if (!isDirectory(tree, child)) return ["ENOTDIR"];
  return nodeOf(tree, child).entries.size > 0 ? ["ENOTEMPTY", "EEXIST"] : [];
}

function removeTree(tree: Tree, place: Place): Effect {
  const { codes, directory, child } = find(tree, place);
  if (codes.length > 0) return { codes };
  if (child === undefined) return { codes: ["ENOENT"] };
  const bare = withoutEntry(tree, directory, place.name);
  const node = nodeOf(bare, child);
  if (node.kind !== "directory") return { codes: ["ENOTDIR"] };
  const cut = withNode(bare, child, { ...node, parent: child });
  return { tree: { ...cut, detached: [...cut.detached, child] } };
}

interface Move {
  readonly from: Place;
  readonly to: Place;
  readonly how: "replace" | "no-replace" | "exchange";
}

function rename(tree: Tree, move: Move): Effect {
  const from = find(tree, move.from);
  const to = find(tree, move.to);
  const source = from.child;
  const reasons = [...from.codes, ...to.codes, ...(source === undefined ? ["ENOENT"] : [])];
  if (reasons.length > 0 || source === undefined) return { codes: reasons };
  if (to.child !== undefined && move.how === "no-replace") return { codes: ["EEXIST"] };
  if (to.child === source) return { tree };
  const bad = [
    ...(isDirectory(tree, source) && isWithin(tree, to.directory, source) ? ["EINVAL"] : []),
    ...(to.child === undefined ? [] : unfitToReplace(tree, to.child, source)),
  ];
  if (bad.length > 0) return { codes: bad };
  const moved = withEntry(
    withoutEntry(tree, from.directory, move.from.name),
    to.directory,
    move.to.name,
    source,
  );
  return { tree: to.child === undefined ? moved : dropIfUnlinked(moved, to.child) };
}

function unfitToReplace(tree: Tree, victim: number, source: number): readonly string[] {
  if (!isDirectory(tree, victim)) return isDirectory(tree, source) ? ["ENOTDIR"] : [];
  const kinds = isDirectory(tree, source) ? [] : ["EISDIR"];
  return nodeOf(tree, victim).entries.size > 0 ? [...kinds, "ENOTEMPTY", "EEXIST"] : kinds;
}

function exchange(tree: Tree, move: Move): Effect {
  const from = find(tree, move.from);
  const to = find(tree, move.to);
  const missing = [...from.codes, ...to.codes];
  if (from.child === undefined || to.child === undefined) return { codes: [...missing, "ENOENT"] };
  if (missing.length > 0) return { codes: missing };
  if (from.child === to.child) return { tree };
  const loop =
    (isDirectory(tree, from.child) && isWithin(tree, to.directory, from.child)) ||
    (isDirectory(tree, to.child) && isWithin(tree, from.directory, to.child));
  if (loop) return { codes: ["EINVAL", "ENOTEMPTY"] };
  const there = withEntry(tree, to.directory, move.to.name, from.child);
  return { tree: withEntry(there, from.directory, move.from.name, to.child) };
}
