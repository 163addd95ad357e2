/** The model file system against one that nobody doubts: the kernel's, in a temporary directory. */
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NAMESPACE, type NamespaceInput, type NamespaceOutput, type Place } from "@smallpond/sim";
import fc from "fast-check";
import { expect, test } from "vitest";

const name = fc.constantFrom("a", "b", "c");
/** Which of the directories that exist, counted around. */
const which = fc.nat({ max: 30 });
const draft = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("lookup" as const), dir: which, name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("stat" as const), node: which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("read" as const), node: which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("readdir" as const), node: which }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("resolve" as const),
      path: fc.array(fc.oneof(name, fc.constant("..")), { maxLength: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("create" as const), dir: which, name }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("mkdir" as const), dir: which, name }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("symlink" as const),
      dir: which,
      name,
      target: fc.constantFrom("a", "/b", "../c", "a/b", "b"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      dir: which,
      name,
      text: fc.constantFrom("x", "yy"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("link" as const), node: which, dir: which, name }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("unlink" as const), dir: which, name }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("rmdir" as const), dir: which, name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove-tree" as const), dir: which, name }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("rename" as const),
      dir: which,
      name,
      dir2: which,
      name2: name,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("chmod" as const),
      node: which,
      mode: fc.constantFrom(0o700, 0o750),
    }),
  },
);
type Draft = typeof draft extends fc.Arbitrary<infer T> ? T : never;

/** Every node under the kernel's root, by the number it has there. */
class RealTree {
  readonly root: string = realpathSync(mkdtempSync(join(tmpdir(), "namespace-")));
  readonly rootIno: bigint = lstatSync(this.root, { bigint: true }).ino;

  constructor() {
    chmodSync(this.root, 0o755);
  }

  id(path: string): bigint {
    const { ino } = lstatSync(path, { bigint: true });
    return ino === this.rootIno ? 1n : ino;
  }

  /** A path of each inode, directories first. */
  paths(): ReadonlyMap<bigint, string> {
    const found = new Map<bigint, string>([[1n, this.root]]);
    const visit = (directory: string): void => {
      for (const entry of readdirSync(directory).sort()) {
        const path = join(directory, entry);
        if (!found.has(this.id(path))) found.set(this.id(path), path);
        if (lstatSync(path).isDirectory()) visit(path);
      }
    };
    visit(this.root);
    return found;
  }

  ask(input: NamespaceInput): NamespaceOutput {
    try {
      return this.#do(input);
    } catch (error) {
      return { code: (error as NodeJS.ErrnoException).code! };
    }
  }

  #do(input: NamespaceInput): NamespaceOutput {
    const paths = this.paths();
    const place = ({ dir, name }: Place): string => join(paths.get(dir)!, name);
    switch (input.kind) {
      case "lookup":
        return { id: this.id(place(input)), value: kindOf(place(input)) };
      case "stat":
        return { id: input.id, value: attributes(paths.get(input.id)!) };
      case "read":
        return { value: readFileSync(paths.get(input.id)!, "latin1") };
      case "readdir": {
        const path = paths.get(input.id)!;
        return { entries: readdirSync(path).map((each) => ({ name: each, id: this.id(join(path, each)) })) };
      }
      case "resolve": {
        const path = realpathSync(`${this.root}/${input.path}`);
        return { id: this.id(path), value: kindOf(path) };
      }
      case "create":
        writeFileSync(place(input), "", { flag: "wx" });
        return this.#made(place(input), input.mode);
      case "mkdir":
        mkdirSync(place(input));
        return this.#made(place(input), input.mode);
      case "symlink":
        symlinkSync(input.target.startsWith("/") ? this.root + input.target : input.target, place(input));
        return { id: this.id(place(input)) };
      case "write":
        if (paths.get(input.dir) !== undefined && isSymlink(place(input))) return { code: "ELOOP" };
        return this.#written(place(input), input);
      case "link":
        linkSync(paths.get(input.id)!, place(input));
        return { id: this.id(place(input)) };
      case "unlink":
        unlinkSync(place(input));
        return {};
      case "rmdir":
        rmdirSync(place(input));
        return {};
      case "remove-tree":
        if (kindOf(place(input)) !== "directory") return { code: "ENOTDIR" };
        rmSync(place(input), { recursive: true });
        return {};
      case "rename":
        renameSync(place(input.from), place(input.to));
        return {};
      case "chmod":
        chmodSync(paths.get(input.id)!, input.mode);
        return { id: input.id };
      default:
        return input satisfies never;
    }
  }

  #made(path: string, mode: number): NamespaceOutput {
    chmodSync(path, mode);
    return { id: this.id(path) };
  }

  #written(path: string, input: { readonly text: string; readonly mode: number }): NamespaceOutput {
    const isNew = !readdirSync(join(path, "..")).includes(path.split("/").at(-1)!);
    writeFileSync(path, input.text);
    if (isNew) chmodSync(path, input.mode);
    return { id: this.id(path) };
  }
}

function isSymlink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

function kindOf(path: string): string {
  const stat = lstatSync(path);
  return stat.isDirectory() ? "directory" : stat.isSymbolicLink() ? "symlink" : "file";
}

function attributes(path: string): string {
  const stat = lstatSync(path);
  const kind = kindOf(path);
  const links =
    kind === "directory"
      ? 2 + readdirSync(path).filter((each) => kindOf(join(path, each)) === "directory").length
      : stat.nlink;
  const extra =
    kind === "file" ? ` ${stat.size} bytes` : kind === "symlink" ? ` to ${readlinkSync(path)}` : "";
  return `${kind} ${(stat.mode & 0o777).toString(8)} ${links} links${extra}`;
}

function toInput(each: Draft, real: RealTree): NamespaceInput | undefined {
  const all = [...real.paths()];
  const directories = all.filter(([, path]) => kindOf(path) === "directory").map(([id]) => id);
  const dir = (index: number): bigint => directories[index % directories.length]!;
  const node = (index: number): bigint => all[index % all.length]![0];
  const at = "dir" in each ? { dir: dir(each.dir), name: each.name } : { dir: 1n, name: "a" };
  switch (each.kind) {
    case "stat":
    case "read":
    case "readdir": {
      const id = node(each.node);
      // By number a symbolic link is itself; the kernel's calls by path would follow it.
      const path = real.paths().get(id)!;
      if (each.kind !== "stat" && isSymlink(path)) return undefined;
      // Links to absolute places are longer in the kernel's tree.
      if (each.kind === "stat" && isSymlink(path) && readlinkSync(path).startsWith("/")) return undefined;
      return { kind: each.kind, id };
    }
    case "chmod": {
      const id = node(each.node);
      return isSymlink(real.paths().get(id)!) ? undefined : { kind: "chmod", id, mode: each.mode };
    }
    case "resolve": {
      // Above its root the kernel's tree goes on.
      const path = each.path.join("/");
      return path.includes("..") ? undefined : { kind: "resolve", path };
    }
    case "create":
    case "mkdir":
      return { kind: each.kind, ...at, mode: 0o700 };
    case "symlink":
      return each.target.includes("..") && at.dir === 1n
        ? undefined
        : { kind: "symlink", ...at, target: each.target };
    case "write":
      return { kind: "write", ...at, mode: 0o640, text: each.text };
    case "link":
      return { kind: "link", ...at, id: node(each.node) };
    case "rename":
      return { kind: "rename", from: at, to: { dir: dir(each.dir2), name: each.name2 }, how: "replace" };
    default:
      return { kind: each.kind, ...at };
  }
}

test("the model answers and changes as the kernel's file system does", () => {
  const answers = new Map<string, number>();
  fc.assert(
    fc.property(fc.array(draft, { minLength: 10, maxLength: 40 }), (drafts) => {
      const real = new RealTree();
      let tree = NAMESPACE.init();
      const log: string[] = [];
      try {
        for (const each of drafts) {
          const input = toInput(each, real);
          if (input === undefined) continue;
          const output = real.ask(input);
          const next = NAMESPACE.step(tree, input, output);
          log.push(NAMESPACE.describe(input, output));
          expect(next, log.join("\n")).toBeDefined();
          // What was detached is gone at once here, so its numbers may come again.
          tree = { ...next!, detached: [], nodes: withoutDetached(next!) };
          const answer = `${input.kind} ${"code" in output ? output.code : "ok"}`;
          answers.set(answer, (answers.get(answer) ?? 0) + 1);
        }
      } finally {
        rmSync(real.root, { recursive: true });
      }
    }),
    { numRuns: 300 },
  );
  for (const answer of [
    "rename ok",
    "rename ENOENT",
    "rename EINVAL",
    "rename ENOTEMPTY",
    "rename EISDIR",
    "rename ENOTDIR",
    "rmdir ENOTEMPTY",
    "rmdir ENOTDIR",
    "unlink EISDIR",
    "link ok",
    "link EPERM",
    "mkdir EEXIST",
    "write EISDIR",
    "resolve ok",
    "resolve ENOENT",
    "resolve ENOTDIR",
  ]) {
    expect(answers.get(answer) ?? 0, answer).toBeGreaterThan(0);
  }
});

function withoutDetached(tree: ReturnType<typeof NAMESPACE.init>): typeof tree.nodes {
  const kept = new Map(tree.nodes);
  const drop = (number: number): void => {
    const node = kept.get(number);
    if (node === undefined) return;
    kept.delete(number);
    for (const child of node.entries.values()) {
      const linked = [...kept.values()].some((other) => [...other.entries.values()].includes(child));
      if (!linked) drop(child);
    }
  };
  for (const top of tree.detached) drop(top);
  return kept;
}
