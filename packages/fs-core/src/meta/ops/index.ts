/** The operations on the namespace. */
import type { NamespaceDeps } from "../namespace-deps.ts";
import type { AnyOperation } from "../operation.ts";
import { batchStat } from "./batch-stat.ts";
import { create } from "./create.ts";
import { getXattr } from "./get-xattr.ts";
import { link } from "./link.ts";
import { listXattrs } from "./list-xattrs.ts";
import { lockDirectory } from "./lock-directory.ts";
import { lookup } from "./lookup.ts";
import { mkdirs } from "./mkdirs.ts";
import { readInline } from "./read-inline.ts";
import { readdir } from "./readdir.ts";
import { removeTree } from "./remove-tree.ts";
import { removeXattr } from "./remove-xattr.ts";
import { rename } from "./rename.ts";
import { rmdir } from "./rmdir.ts";
import { setLayout } from "./set-layout.ts";
import { setXattr } from "./set-xattr.ts";
import { setattr } from "./setattr.ts";
import { stat } from "./stat.ts";
import { statPath } from "./stat-path.ts";
import { statfs } from "./statfs.ts";
import { symlink } from "./symlink.ts";
import { tmpfile } from "./tmpfile.ts";
import { unlink } from "./unlink.ts";
import { writeFile } from "./write-file.ts";

/** All of them, for who treats them alike. */
export const NAMESPACE_OPERATIONS: readonly AnyOperation<NamespaceDeps>[] = [
  batchStat,
  create,
  getXattr,
  link,
  listXattrs,
  lockDirectory,
  lookup,
  mkdirs,
  readInline,
  readdir,
  removeTree,
  removeXattr,
  rename,
  rmdir,
  setLayout,
  setXattr,
  setattr,
  stat,
  statPath,
  statfs,
  symlink,
  tmpfile,
  unlink,
  writeFile,
];
