/**
 * An ordered map whose versions share what they have in common: a B-tree in which a change copies the nodes above it and
 * nothing else, so that a snapshot is a reference. Nodes are split when full and dropped when empty; they are not merged.
 */
import { lowerBound } from "./key-text.ts";

const NODE_MAX = 32;

interface Leaf<V> {
  readonly kind: "leaf";
  readonly keys: readonly string[];
  readonly values: readonly V[];
}

interface Branch<V> {
  readonly kind: "branch";
  /** The keys of child `i` are below `bounds[i]`, and those of child `i + 1` are not. */
  readonly bounds: readonly string[];
  readonly children: readonly Node<V>[];
}

type Node<V> = Leaf<V> | Branch<V>;

/** One node, or what it was split into and the bound between. */
type Grown<V> = readonly [Node<V>, undefined?, undefined?] | readonly [Node<V>, string, Node<V>];

export interface ScanOptions {
  readonly begin: string;
  /** Not included. */
  readonly end: string;
  readonly limit: number;
  readonly reverse: boolean;
}

export class PersistentMap<V> {
  readonly #root: Node<V>;

  constructor(root: Node<V> = { kind: "leaf", keys: [], values: [] }) {
    this.#root = root;
  }

  get(key: string): V | undefined {
    let node = this.#root;
    while (node.kind === "branch") node = node.children[childAt(node, key)]!;
    const at = lowerBound(node.keys, key);
    return node.keys[at] === key ? node.values[at] : undefined;
  }

  with(key: string, value: V): PersistentMap<V> {
    const [left, bound, right] = inserted(this.#root, key, value);
    if (right === undefined) return new PersistentMap(left);
    return new PersistentMap<V>({ kind: "branch", bounds: [bound], children: [left, right] });
  }

  without(key: string): PersistentMap<V> {
    let root = removed(this.#root, key);
    while (root?.kind === "branch" && root.children.length === 1) root = root.children[0]!;
    return new PersistentMap(root);
  }

  /** In order, or the last first. */
  scan(options: ScanOptions): (readonly [key: string, value: V])[] {
    const found: (readonly [string, V])[] = [];
    collect(this.#root, options, found);
    return found;
  }
}

function childAt<V>({ bounds }: Branch<V>, key: string): number {
  const at = lowerBound(bounds, key);
  return bounds[at] === key ? at + 1 : at;
}

function inserted<V>(node: Node<V>, key: string, value: V): Grown<V> {
  if (node.kind === "leaf") {
    const at = lowerBound(node.keys, key);
    if (node.keys[at] === key) return [{ ...node, values: node.values.with(at, value) }];
    return splitLeaf(node.keys.toSpliced(at, 0, key), node.values.toSpliced(at, 0, value));
  }
  const at = childAt(node, key);
  const [left, bound, right] = inserted(node.children[at]!, key, value);
  if (right === undefined) return [{ ...node, children: node.children.with(at, left) }];
  return splitBranch(node.bounds.toSpliced(at, 0, bound), node.children.toSpliced(at, 1, left, right));
}

function splitLeaf<V>(keys: readonly string[], values: readonly V[]): Grown<V> {
  if (keys.length <= NODE_MAX) return [{ kind: "leaf", keys, values }];
  const half = keys.length >>> 1;
  const left: Leaf<V> = { kind: "leaf", keys: keys.slice(0, half), values: values.slice(0, half) };
  return [left, keys[half]!, { kind: "leaf", keys: keys.slice(half), values: values.slice(half) }];
}

function splitBranch<V>(bounds: readonly string[], children: readonly Node<V>[]): Grown<V> {
  if (children.length <= NODE_MAX) return [{ kind: "branch", bounds, children }];
  const half = children.length >>> 1;
  const left: Branch<V> = {
    kind: "branch",
    bounds: bounds.slice(0, half - 1),
    children: children.slice(0, half),
  };
  return [
    left,
    bounds[half - 1]!,
    { kind: "branch", bounds: bounds.slice(half), children: children.slice(half) },
  ];
}

/** Nothing when nothing is left. */
function removed<V>(node: Node<V>, key: string): Node<V> | undefined {
  if (node.kind === "leaf") {
    const at = lowerBound(node.keys, key);
    if (node.keys[at] !== key) return node;
    if (node.keys.length === 1) return undefined;
    return { kind: "leaf", keys: node.keys.toSpliced(at, 1), values: node.values.toSpliced(at, 1) };
  }
  const at = childAt(node, key);
  const before = node.children[at]!;
  const child = removed(before, key);
  if (child === before) return node;
  if (child !== undefined) return { ...node, children: node.children.with(at, child) };
  if (node.children.length === 1) return undefined;
  return {
    kind: "branch",
    bounds: node.bounds.toSpliced(Math.max(0, at - 1), 1),
    children: node.children.toSpliced(at, 1),
  };
}

function collect<V>(node: Node<V>, options: ScanOptions, found: (readonly [string, V])[]): void {
  const { begin, end, limit, reverse } = options;
  if (begin >= end) return;
  const [first, after] =
    node.kind === "leaf"
      ? [lowerBound(node.keys, begin), lowerBound(node.keys, end)]
      : [childAt(node, begin), childAt(node, end) + 1];
  const count = Math.min(after, node.kind === "leaf" ? node.keys.length : node.children.length) - first;
  for (let step = 0; step < count && found.length < limit; step++) {
    const at = reverse ? first + count - 1 - step : first + step;
    if (node.kind === "leaf") found.push([node.keys[at]!, node.values[at]!]);
    else collect(node.children[at]!, options, found);
  }
}
