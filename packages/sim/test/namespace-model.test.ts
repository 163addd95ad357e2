/** What the kernel's file system cannot be asked: exchanges, numbers that are not known yet, trees that go bit by bit. */
import { NAMESPACE, type NamespaceInput, type NamespaceOutput, UNKNOWN } from "@smallpond/sim";
import { expect, test } from "vitest";

type Answered = readonly [NamespaceInput, NamespaceOutput | typeof UNKNOWN];

/** Whether the model allows the operations in this order. */
function allows(...answered: readonly Answered[]): boolean {
  let tree: ReturnType<typeof NAMESPACE.init> | undefined = NAMESPACE.init();
  for (const [input, output] of answered) {
    tree = NAMESPACE.step(tree, input, output);
    if (tree === undefined) return false;
  }
  return true;
}

const mkdir = (dir: bigint, name: string, id: bigint): Answered => [
  { kind: "mkdir", dir, name, mode: 0o755 },
  { id },
];
const lookup = (dir: bigint, name: string, output: NamespaceOutput): Answered => [
  { kind: "lookup", dir, name },
  output,
];
const exchange = (
  from: readonly [bigint, string],
  to: readonly [bigint, string],
  output: NamespaceOutput,
): Answered => [
  {
    kind: "rename",
    from: { dir: from[0], name: from[1] },
    to: { dir: to[0], name: to[1] },
    how: "exchange",
  },
  output,
];

test("an exchange swaps what two names mean, whatever it is", () => {
  const before = [mkdir(1n, "a", 2n), mkdir(2n, "b", 3n), mkdir(1n, "c", 4n)];
  expect(
    allows(
      ...before,
      exchange([2n, "b"], [1n, "c"], {}),
      lookup(1n, "c", { id: 3n }),
      lookup(2n, "b", { id: 4n }),
    ),
  ).toBe(true);
  expect(allows(...before, exchange([2n, "b"], [1n, "c"], {}), lookup(1n, "c", { id: 4n }))).toBe(false);
});

test("an exchange that would put a directory into itself is refused, either way around", () => {
  const before = [mkdir(1n, "a", 2n), mkdir(2n, "b", 3n)];
  expect(allows(...before, exchange([1n, "a"], [2n, "b"], { code: "EINVAL" }))).toBe(true);
  expect(allows(...before, exchange([2n, "b"], [1n, "a"], { code: "EINVAL" }))).toBe(true);
  expect(allows(...before, exchange([2n, "b"], [1n, "a"], {}))).toBe(false);
});

test("a number is learned from the first answer that tells it, and holds from then on", () => {
  const made: Answered = [{ kind: "create", dir: 1n, name: "f", mode: 0o644 }, UNKNOWN];
  expect(allows(made, lookup(1n, "f", { id: 7n }), lookup(1n, "f", { id: 7n }))).toBe(true);
  expect(allows(made, lookup(1n, "f", { id: 7n }), lookup(1n, "f", { id: 8n }))).toBe(false);
});

test("two inodes never have one number", () => {
  expect(allows(mkdir(1n, "a", 2n), mkdir(1n, "b", 2n))).toBe(false);
});

test("what was removed with its directory may be seen by its number for a while, but not by name from the root", () => {
  const before = [mkdir(1n, "a", 2n), mkdir(2n, "b", 3n)];
  const removed: Answered = [{ kind: "remove-tree", dir: 1n, name: "a" }, {}];
  expect(allows(...before, removed, lookup(2n, "b", { id: 3n }))).toBe(true);
  expect(allows(...before, removed, lookup(2n, "b", { code: "ENOENT" }))).toBe(true);
  expect(allows(...before, removed, [{ kind: "resolve", path: "/a/b" }, { code: "ENOENT" }])).toBe(true);
  expect(allows(...before, removed, [{ kind: "resolve", path: "/a/b" }, { id: 3n }])).toBe(false);
});

test("a chain of symbolic links ends at the fortieth", () => {
  const link = (name: string, target: string): Answered => [{ kind: "symlink", dir: 1n, name, target }, {}];
  const resolve = (path: string, output: NamespaceOutput): Answered => [{ kind: "resolve", path }, output];
  expect(allows(link("l", "l"), resolve("/l", { code: "ELOOP" }))).toBe(true);
  const chain = Array.from({ length: 41 }, (_, index) =>
    link(`l${index}`, index === 0 ? "/" : `l${index - 1}`),
  );
  expect(allows(...chain, resolve("/l39", { id: 1n }))).toBe(true);
  expect(allows(...chain, resolve("/l40", { code: "ELOOP" }))).toBe(true);
  expect(allows(...chain, resolve("/l40", { id: 1n }))).toBe(false);
});
