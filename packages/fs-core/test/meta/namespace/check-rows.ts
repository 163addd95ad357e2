/** What must be true of all rows together, looked at from below: no rule of the operations is used here. */
import { ROOT_INODE } from "../../../src/ids.ts";
import { bytesOf } from "../../../src/meta/inodes/writes.ts";
import { DETACHED, type Entry, type Inode } from "../../../src/meta/model/inode.ts";
import { type Garbage, garbageRow } from "../../../src/meta/rows/garbage-row.ts";
import { counterRow, entryRow, inodeRow } from "../../../src/meta/rows/inode-row.ts";
import { afterKey } from "../../../src/metastore/keys.ts";
import type { KeyValue } from "../../../src/metastore/ordered-store.ts";
import { decode } from "../../../src/wire/codec/index.ts";
import type { TestNamespace } from "./namespace.ts";

interface Rows {
  readonly inodes: Map<bigint, Inode>;
  readonly entries: { readonly directory: bigint; readonly name: string; readonly entry: Entry }[];
  readonly links: Map<bigint, bigint>;
  readonly times: Map<bigint, bigint>;
  readonly inline: Set<bigint>;
  readonly garbage: Map<bigint, Garbage["kind"]>;
  readonly usage: Map<string, bigint>;
}

/** What is wrong, one sentence each. */
export async function problemsOf(namespace: TestNamespace): Promise<readonly string[]> {
  const rows = read(await allRows(namespace));
  return [...linkProblems(rows), ...directoryProblems(rows), ...loopProblems(rows), ...usageProblems(rows)];
}

export async function allRows(namespace: TestNamespace): Promise<readonly KeyValue[]> {
  const found: KeyValue[] = [];
  let begin: Uint8Array = Uint8Array.of(0);
  for (;;) {
    const range = { begin, end: Uint8Array.of(0xff) };
    const { entries, more } = await namespace.transact((transaction) => transaction.range(range));
    found.push(...entries);
    if (!more) return found;
    begin = afterKey(entries.at(-1)!.key);
  }
}

function read(all: readonly KeyValue[]): Rows {
  const rows: Rows = {
    inodes: new Map(),
    entries: [],
    links: new Map(),
    times: new Map(),
    inline: new Set(),
    garbage: new Map(),
    usage: new Map(),
  };
  for (const { key, value } of all) {
    const kind = new TextDecoder().decode(key.subarray(0, 4));
    const id = key.length >= 12 ? new DataView(key.buffer, key.byteOffset).getBigUint64(4) : 0n;
    if (kind === "INOD") rows.inodes.set(id, decode(inodeRow, value));
    if (kind === "DENT") {
      const name = new TextDecoder().decode(key.subarray(12));
      rows.entries.push({ directory: id, name, entry: decode(entryRow, value) });
    }
    if (kind === "DLNK") rows.links.set(id, decode(counterRow, value));
    if (kind === "DTIM") rows.times.set(id, decode(counterRow, value));
    if (kind === "INLN") rows.inline.add(id);
    if (kind === "GARB") {
      const of = new DataView(key.buffer, key.byteOffset).getBigUint64(16);
      const { garbage } = decode(garbageRow, value);
      if (garbage.kind !== "data") rows.garbage.set(of, garbage.kind);
    }
    if (kind === "QUSE") {
      const quota = new DataView(key.buffer, key.byteOffset).getUint32(4);
      rows.usage.set(`${quota}${new TextDecoder().decode(key.subarray(8))}`, decode(counterRow, value));
    }
  }
  return rows;
}

function* linkProblems({ inodes, entries, garbage, inline }: Rows): Generator<string> {
  const names = new Map<bigint, number>();
  for (const { directory, name, entry } of entries) {
    names.set(entry.inode, (names.get(entry.inode) ?? 0) + 1);
    const inode = inodes.get(entry.inode);
    if (inode === undefined) yield `${name} leads to inode ${entry.inode}, which is not there`;
    else if (inode.kind !== entry.kind) yield `${name} says ${entry.kind} of a ${inode.kind}`;
    else if (inode.kind === "directory" && inode.parent !== directory) yield `${name} has another parent`;
    if (inodes.get(directory)?.kind !== "directory") yield `${name} is in no directory`;
  }
  for (const [id, inode] of inodes) {
    const count = names.get(id) ?? 0;
    const detached = inode.kind === "directory" && inode.parent === DETACHED;
    const wanted = id === ROOT_INODE || detached ? 0 : inode.kind === "directory" ? 1 : inode.nlink;
    if (count !== wanted) yield `inode ${id}, a ${inode.kind}, has ${count} names where ${wanted} belong`;
    if (inode.kind !== "directory" && inode.nlink === 0 && garbage.get(id) !== "file") yield `${id} is lost`;
    if (detached && garbage.get(id) !== "tree") yield `the tree ${id} is lost`;
    if (inode.kind === "file" && inode.inline !== inline.has(id))
      yield `the bytes of ${id} are not where it says`;
  }
  for (const id of inline) if (!inodes.has(id)) yield `there are bytes of ${id}, which is not there`;
}

function* directoryProblems({ inodes, entries, links, times }: Rows): Generator<string> {
  for (const [id, inode] of inodes) {
    if (inode.kind !== "directory") continue;
    const below = entries.filter(({ directory, entry }) => directory === id && entry.kind === "directory");
    const counted = links.get(id) ?? 0n;
    if (counted !== BigInt(below.length)) yield `${id} counts ${counted} directories of ${below.length}`;
  }
  for (const id of [...links.keys(), ...times.keys()]) {
    if (!inodes.has(id)) yield `there is a row of directory ${id}, which is not there`;
  }
}

function* loopProblems({ inodes }: Rows): Generator<string> {
  for (const [id, inode] of inodes) {
    let here: Inode | undefined = inode;
    for (let steps = 0; here?.kind === "directory" && here.id !== ROOT_INODE; steps++) {
      if (here.parent === DETACHED) break;
      if (steps > inodes.size) {
        yield `${id} is in a loop`;
        break;
      }
      here = inodes.get(here.parent);
    }
    if (here === undefined) yield `${id} has no way to the root`;
  }
}

function* usageProblems({ inodes, usage }: Rows): Generator<string> {
  const sums = new Map<string, bigint>();
  for (const inode of inodes.values()) {
    if (inode.quota === 0) continue;
    sums.set(`${inode.quota}i`, (sums.get(`${inode.quota}i`) ?? 0n) + 1n);
    sums.set(`${inode.quota}b`, (sums.get(`${inode.quota}b`) ?? 0n) + bytesOf(inode));
  }
  for (const row of new Set([...sums.keys(), ...usage.keys()])) {
    const [sum, told] = [sums.get(row) ?? 0n, usage.get(row) ?? 0n];
    if (sum !== told) yield `quota ${row} says ${told} of ${sum}`;
  }
}
