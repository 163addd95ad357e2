/**
 * A file system as a value: nodes by number, directories with entries. Small, slow and plain; nothing of it is shared
 * with the code that it judges.
 *
 * The system under test names inodes by numbers that nobody can foretell. A node's `id` is unknown until an answer told
 * it, and from then on every answer about that node must tell the same.
 */

export type NodeKind = "file" | "directory" | "symlink";

export interface TreeNode {
  readonly kind: NodeKind;
  readonly id: bigint | undefined;
  readonly mode: number;
  /** The bytes of a file, or where a symbolic link points. */
  readonly text: string;
  /** Of a directory; empty elsewhere. */
  readonly entries: ReadonlyMap<string, number>;
  /** Of a directory: the node it is in. The root, and a directory that was detached, is in itself. */
  readonly parent: number;
}

/**
 * `detached` are directories that were removed with all that is in them. They go bit by bit, so what is in them may
 * still be seen by those who know its number, until it is not seen any more.
 */
export interface Tree {
  readonly nodes: ReadonlyMap<number, TreeNode>;
  readonly detached: readonly number[];
  readonly next: number;
}

export const ROOT = 0;
/** What the system calls its root. */
export const ROOT_ID = 1n;

const NO_ENTRIES: ReadonlyMap<string, number> = new Map();

export function emptyTree(): Tree {
  return {
    nodes: new Map([[ROOT, { ...newNode("directory", 0o755, ""), id: ROOT_ID }]]),
    detached: [],
    next: 1,
  };
}

export function newNode(kind: NodeKind, mode: number, text: string): TreeNode {
  return { kind, id: undefined, mode, text, entries: NO_ENTRIES, parent: ROOT };
}

export function nodeOf(tree: Tree, number: number): TreeNode {
  const node = tree.nodes.get(number);
  if (node === undefined) throw new Error(`the model has no node ${number}`);
  return node;
}

/** The node that the system calls `id`, if some answer said so and it is still there. */
export function findNode(tree: Tree, id: bigint): number | undefined {
  for (const [number, node] of tree.nodes) if (node.id === id) return number;
  return undefined;
}

/** How many names a file has; of a directory, 2 and its subdirectories. */
export function linksOf(tree: Tree, number: number): number {
  if (nodeOf(tree, number).kind === "directory") {
    return 2 + [...nodeOf(tree, number).entries.values()].filter((child) => isDirectory(tree, child)).length;
  }
  let links = 0;
  for (const { entries } of tree.nodes.values())
    for (const child of entries.values()) if (child === number) links += 1;
  return links;
}

export function isDirectory(tree: Tree, number: number): boolean {
  return nodeOf(tree, number).kind === "directory";
}

/** Whether the way up from `number` passes `ancestor`; every directory is within itself. */
export function isWithin(tree: Tree, number: number, ancestor: number): boolean {
  for (let at = number; ; at = nodeOf(tree, at).parent) {
    if (at === ancestor) return true;
    if (nodeOf(tree, at).parent === at) return false;
  }
}

/** Whether the directory was removed as a part of a tree. */
export function isDetached(tree: Tree, directory: number): boolean {
  return tree.detached.some((top) => isWithin(tree, directory, top));
}

/** A tree in which a node is replaced, or one is new. */
export function withNode(tree: Tree, number: number, node: TreeNode): Tree {
  return {
    ...tree,
    nodes: new Map(tree.nodes).set(number, node),
    next: Math.max(tree.next, number + 1),
  };
}

/** A tree in which a name of a directory means `child`. A directory has one place: its parent follows. */
export function withEntry(tree: Tree, directory: number, name: string, child: number): Tree {
  const node = nodeOf(tree, directory);
  const linked = withNode(tree, directory, { ...node, entries: new Map(node.entries).set(name, child) });
  const below = nodeOf(linked, child);
  return below.kind === "directory" ? withNode(linked, child, { ...below, parent: directory }) : linked;
}

export function withoutEntry(tree: Tree, directory: number, name: string): Tree {
  const node = nodeOf(tree, directory);
  const entries = new Map(node.entries);
  entries.delete(name);
  return withNode(tree, directory, { ...node, entries });
}

/** Forgets a node that lost a name, if that was its last. */
export function dropIfUnlinked(tree: Tree, number: number): Tree {
  const gone = isDirectory(tree, number) ? !isNamed(tree, number) : linksOf(tree, number) === 0;
  if (!gone) return tree;
  const nodes = new Map(tree.nodes);
  nodes.delete(number);
  return { ...tree, nodes };
}

/** Equal for trees that nobody can tell apart. Nodes are told by where they are first met. */
export function treeKey(tree: Tree): string {
  const met = new Map<number, number>();
  const visit = (number: number): string => {
    const known = met.get(number);
    if (known !== undefined) return `=${known}`;
    met.set(number, met.size);
    const { kind, id, mode, text, entries } = nodeOf(tree, number);
    const names = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
    const below = names.map(([name, child]) => `${name}:${visit(child)}`).join(",");
    return `${kind[0]}${id ?? "?"}/${mode}${text === "" ? "" : JSON.stringify(text)}(${below})`;
  };
  return [ROOT, ...tree.detached].map(visit).join(";");
}

function isNamed(tree: Tree, directory: number): boolean {
  const { parent } = nodeOf(tree, directory);
  return parent !== directory && [...(tree.nodes.get(parent)?.entries.values() ?? [])].includes(directory);
}
