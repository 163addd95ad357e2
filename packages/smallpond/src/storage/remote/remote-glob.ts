/** Patterns over files of a cluster, as DuckDB has them over local ones: `*`, `?`, `[a-z]`, `[!a]`, and `**` for any directories. */
import { type Disk, isPondError } from "@smallpond/base";

const MAGIC = /[*?[]/;

/** The files that match, in order; directories are not among them. Nothing for a pattern that matches nothing. */
export async function remoteGlob(disk: Disk, pattern: string): Promise<string[]> {
  const [scheme, rest] = split(pattern);
  const found: string[] = [];
  await walk(disk, { at: scheme, parts: rest.split("/").filter((part) => part !== "") }, found);
  return [...new Set(found)].sort();
}

interface Step {
  readonly at: string;
  readonly parts: readonly string[];
}

async function walk(disk: Disk, { at, parts }: Step, found: string[]): Promise<void> {
  const [part, ...rest] = parts;
  if (part === undefined) return;
  if (!MAGIC.test(part)) {
    const path = `${at}/${part}`;
    if (rest.length > 0) return await walk(disk, { at: path, parts: rest }, found);
    if (await isFile(disk, path)) found.push(path);
    return;
  }
  const entries = await disk.readdir(at).catch(ignoreMissing);
  const deep = part === "**";
  // Also no directory at all.
  if (deep && rest.length > 0) await walk(disk, { at, parts: rest }, found);
  const matches = deep ? () => true : matcher(part);
  for (const { name, type } of entries ?? []) {
    if (!matches(name) || (deep && name.startsWith("."))) continue;
    const path = `${at}/${name}`;
    const directory = type === "directory" || (type === "symlink" && !(await isFile(disk, path)));
    if (directory) await walk(disk, { at: path, parts: deep ? parts : rest }, found);
    else if (rest.length === 0) found.push(path);
  }
}

/** One name against one part of a pattern. */
export function matcher(part: string): (name: string) => boolean {
  let source = "";
  for (let at = 0; at < part.length; at++) {
    const char = part[at]!;
    const end = char === "[" ? part.indexOf("]", at + 2) : -1;
    if (char === "*") source += ".*";
    else if (char === "?") source += ".";
    else if (end > 0) {
      const inside = part.slice(at + 1, end).replace(/[\\\]^]/g, "\\$&");
      source += `[${inside.startsWith("!") ? `^${inside.slice(1)}` : inside}]`;
      at = end;
    } else source += char.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  }
  const pattern = new RegExp(`^${source}$`, "su");
  // Hidden files are found by patterns that say so.
  return (name) => (!name.startsWith(".") || part.startsWith(".")) && pattern.test(name);
}

function split(pattern: string): [string, string] {
  const slash = pattern.indexOf("/", "3fs://".length);
  return slash === -1 ? [pattern, ""] : [pattern.slice(0, slash), pattern.slice(slash)];
}

async function isFile(disk: Disk, path: string): Promise<boolean> {
  return (await disk.stat(path).catch(ignoreMissing))?.isFile === true;
}

function ignoreMissing(error: unknown): undefined {
  if (isPondError(error, "ENOENT") || isPondError(error, "ENOTDIR")) return undefined;
  throw error;
}
