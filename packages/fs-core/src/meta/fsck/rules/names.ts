/** Every name leads somewhere, and says what is there. Counts the names of each inode for the other rules. */

import { checkName } from "../../model/names.ts";
import { entryKey, inodeKey } from "../../rows/keys.ts";
import { clearing, type Finding } from "../finding.ts";
import type { BriefInode, NameRow } from "../scan.ts";

export function* checkEntry(
  inodes: ReadonlyMap<bigint, BriefInode>,
  { key, bytes, value, directory, name }: NameRow,
): Iterable<Finding> {
  const subject = `${JSON.stringify(name)} in directory ${directory}`;
  const row = { key, value: bytes };
  const inside = inodes.get(directory);
  if (inside?.kind !== "directory") {
    const detail = inside === undefined ? "there is no such directory" : `that is a ${inside.kind}`;
    // A name counts as a link of what it leads to: it goes alone only where it leads nowhere.
    const nowhere = inside === undefined && !inodes.has(value.inode);
    const repair = nowhere ? clearing(row, inodeKey(directory), inodeKey(value.inode)) : undefined;
    yield { code: "ENTRY_WITHOUT_DIRECTORY", severity: "leak", subject, detail, repair };
  }
  if (!isName(name) || entryKey(directory, name).length !== key.length) {
    yield { code: "ENTRY_NAME_INVALID", severity: "broken", subject, detail: "no name", repair: undefined };
  }
  const inode = inodes.get(value.inode);
  if (inode === undefined) {
    const detail = `inode ${value.inode} is not there`;
    const repair = clearing(row, inodeKey(value.inode));
    yield { code: "ENTRY_WITHOUT_INODE", severity: "broken", subject, detail, repair };
    return;
  }
  if (inode.kind !== value.kind) {
    const detail = `it says ${value.kind}, inode ${value.inode} is a ${inode.kind}`;
    yield { code: "ENTRY_OF_OTHER_KIND", severity: "broken", subject, detail, repair: undefined };
  }
  inode.names += 1;
  if (inode.kind !== "directory") return;
  inode.foundIn = directory;
  if (inside !== undefined) inside.subdirectories += 1;
}

function isName(name: string): boolean {
  try {
    checkName(name, "fsck");
    return true;
  } catch {
    return false;
  }
}
