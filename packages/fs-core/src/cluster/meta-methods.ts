/** What can be asked of a metadata service, by name: the side of whoever asks. */
import { moveToTrash } from "../meta/collect/trash/move-to-trash.ts";
import { FSCK } from "../meta/fsck/rpc/fsck-method.ts";
import { cancelLock } from "../meta/locks/cancel-lock.ts";
import { releaseLocks } from "../meta/locks/release-locks.ts";
import { setLock } from "../meta/locks/set-lock.ts";
import { testLock } from "../meta/locks/test-lock.ts";
import { unlock } from "../meta/locks/unlock.ts";
import { batchStat } from "../meta/ops/batch-stat.ts";
import { create } from "../meta/ops/create.ts";
import { getXattr } from "../meta/ops/get-xattr.ts";
import { link } from "../meta/ops/link.ts";
import { listXattrs } from "../meta/ops/list-xattrs.ts";
import { lockDirectory } from "../meta/ops/lock-directory.ts";
import { lookup } from "../meta/ops/lookup.ts";
import { mkdirs } from "../meta/ops/mkdirs.ts";
import { readInline } from "../meta/ops/read-inline.ts";
import { readdir } from "../meta/ops/readdir.ts";
import { removeTree } from "../meta/ops/remove-tree.ts";
import { removeXattr } from "../meta/ops/remove-xattr.ts";
import { rename } from "../meta/ops/rename.ts";
import { rmdir } from "../meta/ops/rmdir.ts";
import { setLayout } from "../meta/ops/set-layout.ts";
import { setXattr } from "../meta/ops/set-xattr.ts";
import { setattr } from "../meta/ops/setattr.ts";
import { stat } from "../meta/ops/stat.ts";
import { statPath } from "../meta/ops/stat-path.ts";
import { statfs } from "../meta/ops/statfs.ts";
import { symlink } from "../meta/ops/symlink.ts";
import { tmpfile } from "../meta/ops/tmpfile.ts";
import { unlink } from "../meta/ops/unlink.ts";
import { writeFile } from "../meta/ops/write-file.ts";
import { close } from "../meta/sessions/close.ts";
import { openToRead } from "../meta/sessions/open-to-read.ts";
import { openToWrite } from "../meta/sessions/open-to-write.ts";
import { reserveAppend } from "../meta/sessions/reserve-append.ts";
import { sync } from "../meta/sessions/sync.ts";
import { truncate } from "../meta/sessions/truncate.ts";
import { addToken } from "../meta/users/add-token.ts";
import { getQuota } from "../meta/users/get-quota.ts";
import { listUsers } from "../meta/users/list-users.ts";
import { removeUser } from "../meta/users/remove-user.ts";
import { revokeToken } from "../meta/users/revoke-token.ts";
import { setQuota } from "../meta/users/set-quota.ts";
import { setUser } from "../meta/users/set-user.ts";

export interface MetaMethods {
  readonly addToken: typeof addToken.method;
  readonly batchStat: typeof batchStat.method;
  readonly cancelLock: typeof cancelLock.method;
  readonly close: typeof close.method;
  readonly create: typeof create.method;
  readonly fsck: typeof FSCK;
  readonly getQuota: typeof getQuota.method;
  readonly getXattr: typeof getXattr.method;
  readonly link: typeof link.method;
  readonly listUsers: typeof listUsers.method;
  readonly listXattrs: typeof listXattrs.method;
  readonly lockDirectory: typeof lockDirectory.method;
  readonly lookup: typeof lookup.method;
  readonly mkdirs: typeof mkdirs.method;
  readonly moveToTrash: typeof moveToTrash.method;
  readonly openToRead: typeof openToRead.method;
  readonly openToWrite: typeof openToWrite.method;
  readonly readdir: typeof readdir.method;
  readonly readInline: typeof readInline.method;
  readonly releaseLocks: typeof releaseLocks.method;
  readonly removeTree: typeof removeTree.method;
  readonly removeUser: typeof removeUser.method;
  readonly removeXattr: typeof removeXattr.method;
  readonly rename: typeof rename.method;
  readonly reserveAppend: typeof reserveAppend.method;
  readonly revokeToken: typeof revokeToken.method;
  readonly rmdir: typeof rmdir.method;
  readonly setattr: typeof setattr.method;
  readonly setLayout: typeof setLayout.method;
  readonly setLock: typeof setLock.method;
  readonly setQuota: typeof setQuota.method;
  readonly setUser: typeof setUser.method;
  readonly setXattr: typeof setXattr.method;
  readonly stat: typeof stat.method;
  readonly statfs: typeof statfs.method;
  readonly statPath: typeof statPath.method;
  readonly symlink: typeof symlink.method;
  readonly sync: typeof sync.method;
  readonly testLock: typeof testLock.method;
  readonly tmpfile: typeof tmpfile.method;
  readonly truncate: typeof truncate.method;
  readonly unlink: typeof unlink.method;
  readonly unlock: typeof unlock.method;
  readonly writeFile: typeof writeFile.method;
}

export const META: MetaMethods = {
  addToken: addToken.method,
  batchStat: batchStat.method,
  cancelLock: cancelLock.method,
  close: close.method,
  create: create.method,
  fsck: FSCK,
  getQuota: getQuota.method,
  getXattr: getXattr.method,
  link: link.method,
  listUsers: listUsers.method,
  listXattrs: listXattrs.method,
  lockDirectory: lockDirectory.method,
  lookup: lookup.method,
  mkdirs: mkdirs.method,
  moveToTrash: moveToTrash.method,
  openToRead: openToRead.method,
  openToWrite: openToWrite.method,
  readdir: readdir.method,
  readInline: readInline.method,
  releaseLocks: releaseLocks.method,
  removeTree: removeTree.method,
  removeUser: removeUser.method,
  removeXattr: removeXattr.method,
  rename: rename.method,
  reserveAppend: reserveAppend.method,
  revokeToken: revokeToken.method,
  rmdir: rmdir.method,
  setattr: setattr.method,
  setLayout: setLayout.method,
  setLock: setLock.method,
  setQuota: setQuota.method,
  setUser: setUser.method,
  setXattr: setXattr.method,
  stat: stat.method,
  statfs: statfs.method,
  statPath: statPath.method,
  symlink: symlink.method,
  sync: sync.method,
  testLock: testLock.method,
  tmpfile: tmpfile.method,
  truncate: truncate.method,
  unlink: unlink.method,
  unlock: unlock.method,
  writeFile: writeFile.method,
};
