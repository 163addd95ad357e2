/** Directories are a tree: each has one name, in the directory that it takes for its parent, and all lead to the root. */
import { type InodeId, ROOT_INODE } from "../../../ids.ts";
import { encode } from "../../../wire/codec/index.ts";
import { DETACHED } from "../../model/inode.ts";
import { garbageRow } from "../../rows/garbage-row.ts";
import { garbageKey } from "../../rows/keys.ts";
import type { Finding, FindingCode } from "../finding.ts";
import { type BriefInode, idIn, type Scan, tableOf } from "../scan.ts";

export async function* tree(scan: Scan): AsyncIterable<Finding> {
  const { inodes } = scan;
  if (inodes.get(ROOT_INODE)?.kind !== "directory") {
    // A store in which nothing was ever made has no root either.
    if (inodes.size > 0) yield wrong("ROOT_MISSING", ROOT_INODE, "there is no root directory");
  }
  const queued = await queuedTrees(scan);
  for (const [id, inode] of inodes) {
    if (inode.kind !== "directory" || id === ROOT_INODE) continue;
    yield* inode.parent === DETACHED ? detached(id, inode, queued) : attached(id, inode);
  }
  yield* loops(inodes);
}

function* attached(id: InodeId, { names, foundIn, parent }: BriefInode): Iterable<Finding> {
  if (names === 0) yield wrong("DIRECTORY_WITHOUT_NAME", id, `no name leads to it, its parent is ${parent}`);
  else if (names > 1) yield wrong("DIRECTORY_WITH_NAMES", id, `${names} names lead to it`);
  else if (foundIn !== parent) {
    yield wrong("DIRECTORY_ELSEWHERE", id, `its name is in ${foundIn}, its parent is ${parent}`);
  }
}

function* detached(id: InodeId, { names }: BriefInode, queued: ReadonlySet<bigint>): Iterable<Finding> {
  if (names > 0) yield wrong("DIRECTORY_WITH_NAMES", id, "it was removed, and a name leads to it");
  else if (!queued.has(id)) {
    const key = garbageKey(0, id, { kind: "tree", dataVersion: 0 });
    const value = encode(garbageRow, { garbage: { kind: "tree", uid: 0 }, failures: 0 });
    yield {
      code: "TREE_NOT_COLLECTED",
      severity: "leak",
      subject: `inode ${id}`,
      detail: "it was removed, and the collector does not know of it",
      repair: { expect: [{ key, value: undefined }], change: [{ kind: "set", key, value }] },
    };
  }
}

/** Follows parents upwards; where a way meets itself, nobody can come there from the root. */
function* loops(inodes: Scan["inodes"]): Iterable<Finding> {
  const settled = new Set<InodeId>([ROOT_INODE, DETACHED]);
  for (const [id, { kind }] of inodes) {
    if (kind !== "directory") continue;
    const way = new Set<InodeId>();
    let here: InodeId | undefined = id;
    while (here !== undefined && !settled.has(here) && !way.has(here)) {
      way.add(here);
      here = inodes.get(here)?.parent;
    }
    if (here !== undefined && way.has(here)) {
      yield wrong("DIRECTORY_LOOP", here, `it is above itself, with ${way.size} directories`);
    }
    for (const each of way) settled.add(each);
  }
}

async function queuedTrees({ source, rows }: Scan): Promise<ReadonlySet<bigint>> {
  const queued = new Set<bigint>();
  for await (const { key, value } of tableOf(source, "GARB", garbageRow, { rows, broken: () => {} })) {
    if (value.garbage.kind === "tree") queued.add(idIn(key, 16));
  }
  return queued;
}

function wrong(code: FindingCode, id: InodeId, detail: string): Finding {
  return { code, severity: "broken", subject: `inode ${id}`, detail, repair: undefined };
}
