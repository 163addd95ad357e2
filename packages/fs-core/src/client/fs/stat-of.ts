/** Inodes as `stat` tells them. */
import type { Inode } from "../../meta/model/inode.ts";
import { utf8Bytes } from "../../meta/model/names.ts";
import type { FileStat } from "../file-system.ts";

export function statOf(inode: Inode): FileStat {
  const { id, kind, mode, uid, gid, nlink, atimeNs, mtimeNs, ctimeNs, birthNs } = inode;
  const isFile = inode.kind === "file";
  const linkBytes = inode.kind === "symlink" ? utf8Bytes(inode.target) : 0;
  return {
    inode: id,
    kind,
    size: isFile ? inode.length : BigInt(linkBytes),
    mode,
    uid,
    gid,
    nlink,
    atimeNs,
    mtimeNs,
    ctimeNs,
    birthNs,
    dataVersion: isFile ? inode.dataVersion : 0,
    whole: inode,
  };
}
