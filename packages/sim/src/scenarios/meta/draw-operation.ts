/** Random operations on a small piece of a file system: few names and few directories, so that they meet. */
import type { Random } from "@smallpond/base";
import type { NamespaceInput, Place } from "../../checkers/namespace/operations.ts";
import { pick } from "../../nemeses/index.ts";
import type { KnownInodes } from "./known-inodes.ts";

const NAMES: readonly string[] = ["a", "b", "c"];

/** How often each kind is drawn, out of their sum. */
const WEIGHTS: ReadonlyMap<NamespaceInput["kind"], number> = new Map([
  ["rename", 28],
  ["mkdir", 16],
  ["rmdir", 8],
  ["unlink", 9],
  ["create", 8],
  ["link", 6],
  ["write", 5],
  ["symlink", 3],
  ["remove-tree", 3],
  ["chmod", 2],
  ["lookup", 8],
  ["stat", 6],
  ["readdir", 6],
  ["resolve", 6],
  ["read", 3],
]);

export function drawOperation(random: Random, known: KnownInodes): NamespaceInput {
  const kind = drawKind(random);
  switch (kind) {
    case "lookup":
    case "unlink":
    case "rmdir":
    case "remove-tree":
      return { kind, ...drawPlace(random, known) };
    case "create":
    case "mkdir":
      return { kind, ...drawPlace(random, known), mode: pick(random, [0o700, 0o755]) };
    case "write":
      return { kind, ...drawPlace(random, known), mode: 0o644, text: random.u64().toString(36).slice(0, 6) };
    case "symlink":
      return { kind, ...drawPlace(random, known), target: drawTarget(random) };
    case "link":
      return { kind, ...drawPlace(random, known), id: drawInode(random, known) };
    case "rename":
      return {
        kind,
        from: drawPlace(random, known),
        to: drawPlace(random, known),
        how: pick(random, ["replace", "replace", "replace", "no-replace", "exchange"]),
      };
    case "stat":
      return { kind, id: drawInode(random, known) };
    case "read":
      return { kind, id: pick(random, [...known.others, known.root]) };
    case "readdir":
      return { kind, id: pick(random, known.directories) };
    case "chmod":
      return { kind, id: drawInode(random, known), mode: pick(random, [0o700, 0o711, 0o750]) };
    case "resolve":
      return { kind, path: drawPath(random) };
    default:
      return kind satisfies never;
  }
}

function drawKind(random: Random): NamespaceInput["kind"] {
  const sum = [...WEIGHTS.values()].reduce((total, weight) => total + weight, 0);
  let at = random.int(sum);
  for (const [kind, weight] of WEIGHTS) {
    if (at < weight) return kind;
    at -= weight;
  }
  return "lookup";
}

function drawPlace(random: Random, known: KnownInodes): Place {
  return { dir: pick(random, known.directories), name: pick(random, NAMES) };
}

function drawInode(random: Random, known: KnownInodes): bigint {
  return pick(random, [...known.directories, ...known.others]);
}

function drawPath(random: Random): string {
  const names = Array.from({ length: 1 + random.int(3) }, () =>
    random.next() < 0.1 ? ".." : pick(random, NAMES),
  );
  return `/${names.join("/")}`;
}

function drawTarget(random: Random): string {
  const names = Array.from({ length: 1 + random.int(2) }, () =>
    random.next() < 0.2 ? ".." : pick(random, NAMES),
  );
  return (random.next() < 0.4 ? "/" : "") + names.join("/");
}
