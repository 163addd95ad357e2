/** What a directory of one client's own holds after operations of which each was answered before the next. */

export interface File {
  readonly kind: "file";
  /** The same for all names of one file. */
  readonly label: string;
}

export interface Directory {
  readonly kind: "directory";
  readonly entries: Map<string, File | Directory>;
}

/** Paths are from the client's directory, with `/` between names. */
export type StormOperation =
  | { readonly kind: "create"; readonly path: string; readonly label: string }
  | { readonly kind: "mkdir"; readonly path: string }
  | { readonly kind: "link"; readonly from: string; readonly to: string }
  | { readonly kind: "unlink"; readonly path: string }
  | { readonly kind: "rmdir"; readonly path: string }
  | { readonly kind: "rename"; readonly from: string; readonly to: string };

export function emptyDirectory(): Directory {
  return { kind: "directory", entries: new Map() };
}

/** Does it, and says what the answer has to be: `ok` or an errno. */
export function apply(root: Directory, operation: StormOperation): string {
  switch (operation.kind) {
    case "create":
      return add(root, operation.path, { kind: "file", label: operation.label });
    case "mkdir":
      return add(root, operation.path, emptyDirectory());
    case "link": {
      const from = find(root, operation.from);
      if (typeof from === "string") return from;
      if (from.kind === "directory") return "EPERM";
      return add(root, operation.to, from);
    }
    case "unlink":
      return remove(root, operation.path, (found) => (found.kind === "directory" ? "EISDIR" : "ok"));
    case "rmdir":
      return remove(root, operation.path, (found) => {
        if (found.kind === "file") return "ENOTDIR";
        return found.entries.size > 0 ? "ENOTEMPTY" : "ok";
      });
    case "rename":
      return rename(root, operation.from, operation.to);
    default:
      return operation satisfies never;
  }
}

/** The same tree in memory of its own. */
export function copyOf(directory: Directory): Directory {
  const entries = [...directory.entries].map(
    ([name, node]) => [name, node.kind === "directory" ? copyOf(node) : node] as const,
  );
  return { kind: "directory", entries: new Map(entries) };
}

/** One line for each name, in order: what it is, and for files which one. */
export function listing(directory: Directory, under = ""): readonly string[] {
  const names = [...directory.entries.keys()].sort();
  return names.flatMap((name) => {
    const node = directory.entries.get(name)!;
    const path = `${under}${name}`;
    return node.kind === "file" ? [`${path} ${node.label}`] : [`${path}/`, ...listing(node, `${path}/`)];
  });
}

function rename(root: Directory, fromPath: string, toPath: string): string {
  const from = find(root, fromPath);
  if (typeof from === "string") return from;
  const [parent, name] = parentOf(root, toPath);
  if (typeof parent === "string") return parent;
  if (from.kind === "directory" && `${toPath}/`.startsWith(`${fromPath}/`) && toPath !== fromPath) {
    return "EINVAL";
  }
  const to = parent.entries.get(name);
  if (to === from) return "ok";
  if (to?.kind === "file" && from.kind === "file" && to.label === from.label) return "ok";
  if (to?.kind === "file" && from.kind === "directory") return "ENOTDIR";
  if (to?.kind === "directory" && from.kind === "file") return "EISDIR";
  if (to?.kind === "directory" && to.entries.size > 0) return "ENOTEMPTY";
  const [oldParent, oldName] = parentOf(root, fromPath);
  (oldParent as Directory).entries.delete(oldName);
  parent.entries.set(name, from);
  return "ok";
}

function add(root: Directory, path: string, node: File | Directory): string {
  const [parent, name] = parentOf(root, path);
  if (typeof parent === "string") return parent;
  if (parent.entries.has(name)) return "EEXIST";
  parent.entries.set(name, node);
  return "ok";
}

function remove(root: Directory, path: string, may: (found: File | Directory) => string): string {
  const found = find(root, path);
  if (typeof found === "string") return found;
  const answer = may(found);
  const [parent, name] = parentOf(root, path);
  if (answer === "ok") (parent as Directory).entries.delete(name);
  return answer;
}

function find(root: Directory, path: string): File | Directory | string {
  const [parent, name] = parentOf(root, path);
  if (typeof parent === "string") return parent;
  return parent.entries.get(name) ?? "ENOENT";
}

function parentOf(root: Directory, path: string): readonly [Directory | string, string] {
  const names = path.split("/");
  let directory = root;
  for (const name of names.slice(0, -1)) {
    const next = directory.entries.get(name);
    if (next === undefined) return ["ENOENT", ""];
    if (next.kind === "file") return ["ENOTDIR", ""];
    directory = next;
  }
  return [directory, names.at(-1)!];
}
