/** What a file system is, in the fewest words: a tree of maps. It knows one user, who may do everything. */
export type Node = DirectoryNode | LeafNode;

export interface DirectoryNode {
  readonly kind: "directory";
  readonly entries: Map<string, Node>;
  parent: DirectoryNode | undefined;
  readonly quota: number;
}

export interface LeafNode {
  readonly kind: "file" | "symlink" | "fifo";
  readonly quota: number;
  text: string;
}

/** What an operation comes to: `done`, or one of these errors. */
export type Outcome = readonly string[];

const DONE: Outcome = ["done"];

interface Found {
  readonly directory: DirectoryNode;
  readonly name: string;
  readonly node: Node | undefined;
}

export class ModelFileSystem {
  readonly root: DirectoryNode = directory(undefined, 0);

  make(path: string, kind: LeafNode["kind"], text: string = ""): Outcome {
    return this.#at(path, ({ directory: parent, name, node }) => {
      if (node !== undefined) return ["EEXIST"];
      parent.entries.set(name, { kind, quota: parent.quota, text });
      return DONE;
    });
  }

  mkdir(path: string, quota?: number): Outcome {
    return this.#at(path, ({ directory: parent, name, node }) => {
      if (node !== undefined) return ["EEXIST"];
      parent.entries.set(name, directory(parent, quota ?? parent.quota));
      return DONE;
    });
  }

  writeFile(path: string, text: string): Outcome {
    return this.#at(path, ({ directory: parent, name, node }) => {
      if (node?.kind === "directory") return ["EISDIR"];
      if (node?.kind === "symlink") return ["ELOOP"];
      if (node?.kind === "fifo") return ["EINVAL"];
      if (node === undefined) parent.entries.set(name, { kind: "file", quota: parent.quota, text });
      else node.text = text;
      return DONE;
    });
  }

  link(from: string, to: string): Outcome {
    const linked = this.find(from);
    if (linked === undefined) return ["ENOENT"];
    return this.#at(to, ({ directory: parent, name, node }) => {
      if (node !== undefined) return ["EEXIST"];
      if (linked.kind === "directory") return ["EPERM"];
      if (linked.quota !== parent.quota) return ["EXDEV"];
      parent.entries.set(name, linked);
      return DONE;
    });
  }

  unlink(path: string): Outcome {
    return this.#at(path, ({ directory: parent, name, node }) => {
      if (node === undefined) return ["ENOENT"];
      if (node.kind === "directory") return ["EISDIR"];
      parent.entries.delete(name);
      return DONE;
    });
  }

  rmdir(path: string, options: { readonly whole: boolean } = { whole: false }): Outcome {
    return this.#at(path, ({ directory: parent, name, node }) => {
      if (node === undefined) return ["ENOENT"];
      if (node.kind !== "directory") return ["ENOTDIR"];
      if (node.entries.size > 0 && !options.whole) return ["ENOTEMPTY"];
      parent.entries.delete(name);
      return DONE;
    });
  }

  rename(from: string, to: string, mode: "replace" | "noreplace" | "exchange"): Outcome {
    const [source, target] = [this.#find(from), this.#find(to)];
    if (typeof source === "string") return [source];
    if (typeof target === "string") return [target];
    const { node: moved } = source;
    const { node: other } = target;
    if (moved === undefined) return ["ENOENT"];
    if (mode === "noreplace" && other !== undefined) return ["EEXIST"];
    if (mode === "exchange" && other === undefined) return ["ENOENT"];
    if (moved === other) return DONE;
    const crosses = source.directory !== target.directory;
    if (crosses && isWithin(target.directory, moved)) return ["EINVAL"];
    if (crosses && other !== undefined && isWithin(source.directory, other)) {
      return [mode === "exchange" ? "EINVAL" : "ENOTEMPTY"];
    }
    if (mode === "exchange" && other !== undefined) {
      if (crosses && other.quota !== source.directory.quota) return ["EXDEV"];
      if (crosses && moved.quota !== target.directory.quota) return ["EXDEV"];
      put(source, other);
      put(target, moved);
      return DONE;
    }
    if (other?.kind === "directory" && moved.kind !== "directory") return ["EISDIR"];
    if (other !== undefined && other.kind !== "directory" && moved.kind === "directory") return ["ENOTDIR"];
    if (crosses && moved.quota !== target.directory.quota) return ["EXDEV"];
    if (other?.kind === "directory" && other.entries.size > 0) return ["ENOTEMPTY"];
    source.directory.entries.delete(source.name);
    put(target, moved);
    return DONE;
  }

  find(path: string): Node | undefined {
    if (path === "/") return this.root;
    const found = this.#find(path);
    return typeof found === "string" ? undefined : found.node;
  }

  #at(path: string, change: (found: Found) => Outcome): Outcome {
    const found = this.#find(path);
    return typeof found === "string" ? [found] : change(found);
  }

  /** Links on the way lead nowhere here: their targets never exist. */
  #find(path: string): Found | string {
    const names = path.split("/").slice(1);
    const last = names.pop()!;
    let here: Node = this.root;
    for (const name of names) {
      if (here.kind !== "directory") return "ENOTDIR";
      const next = here.entries.get(name);
      if (next === undefined || next.kind === "symlink") return "ENOENT";
      here = next;
    }
    if (here.kind !== "directory") return "ENOTDIR";
    return { directory: here, name: last, node: here.entries.get(last) };
  }
}

function put({ directory: parent, name }: Found, node: Node): void {
  parent.entries.set(name, node);
  if (node.kind === "directory") node.parent = parent;
}

function directory(parent: DirectoryNode | undefined, quota: number): DirectoryNode {
  return { kind: "directory", entries: new Map(), parent, quota };
}

function isWithin(inner: DirectoryNode, outer: Node): boolean {
  for (let here: DirectoryNode | undefined = inner; here !== undefined; here = here.parent) {
    if (here === outer) return true;
  }
  return false;
}
