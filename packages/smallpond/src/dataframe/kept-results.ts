/** The results that a session keeps for later actions, by node, and what each was made from. */
import type { StoredDataset } from "../dataset/stored-dataset.ts";
import { type LogicalNode, type NodeId, topological } from "../logical/node.ts";
import type { Inputs } from "./inputs.ts";

export interface Kept {
  readonly node: LogicalNode;
  readonly dataset: StoredDataset;
  /** The files of a write, where people find them. */
  readonly written?: StoredDataset;
  /** The input files it was made from, by scan. */
  readonly inputs: ReadonlyMap<NodeId, string>;
  /** Removed with the result; null for what people asked to have written. */
  readonly path: string | null;
}

export interface KeptDeps {
  readonly directory: { removeTree(path: string): Promise<void> };
  readonly nextId: () => NodeId;
}

export class KeptResults {
  readonly #deps: KeptDeps;
  readonly #kept = new Map<NodeId, Kept>();
  /** Numbers of nodes that stand for a part of another in every plan, by that node and the part's name. */
  readonly #parts = new Map<NodeId, Map<string, NodeId>>();

  constructor(deps: KeptDeps) {
    this.#deps = deps;
  }

  get(id: NodeId): Kept | undefined {
    return this.#kept.get(id);
  }

  has(id: NodeId): boolean {
    return this.#kept.has(id);
  }

  /** Returns the result whose place it takes; its files are the caller's to remove. */
  keep(kept: Kept): Kept | undefined {
    const before = this.#kept.get(kept.node.id);
    this.#kept.set(kept.node.id, kept);
    return before;
  }

  /** Forgets one result alone; its files stay. */
  drop(id: NodeId): void {
    this.#kept.delete(id);
  }

  /** Forgets the result of a node and of everything made from it, files included. */
  async forget(node: LogicalNode): Promise<void> {
    const gone = new Set(this.#idsOf(node));
    for (const [id, kept] of [...this.#kept]) {
      if (!topological(kept.node).some((one) => gone.has(one.id))) continue;
      this.#kept.delete(id);
      if (kept.path !== null) await this.#deps.directory.removeTree(kept.path);
    }
  }

  /** Results made from files that have changed since are never used again (invariant S4). */
  async forgetStale(inputs: Inputs, root: LogicalNode): Promise<void> {
    // What was written is as it is, whatever became of what it was made from.
    const isWritten = (node: LogicalNode): boolean => node.kind === "write" && this.has(node.id);
    for (const id of topological(root, isWritten).flatMap((node) => this.#idsOf(node))) {
      const kept = this.#kept.get(id);
      if (kept === undefined || kept.node.kind === "write") continue;
      const now = await inputs.fingerprints(kept.node);
      const same = [...kept.inputs].every(([scan, print]) => now.get(scan) === print);
      if (!same) await this.forget(kept.node);
    }
  }

  /** The number of the node that stands for this part of another; the same in every plan. */
  partId(of: NodeId, part: string): NodeId {
    const parts = this.#parts.get(of) ?? new Map<string, NodeId>();
    this.#parts.set(of, parts);
    const id = parts.get(part) ?? this.#deps.nextId();
    parts.set(part, id);
    return id;
  }

  #idsOf(node: LogicalNode): readonly NodeId[] {
    return [node.id, ...(this.#parts.get(node.id)?.values() ?? [])];
  }
}
