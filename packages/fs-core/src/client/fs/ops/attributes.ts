/** Changes what is known of an inode: mode, owner, times, length, extended attributes. */
import type { SignalOptions } from "@smallpond/base";
import { META } from "../../../cluster/meta-methods.ts";
import { ROOT_INODE } from "../../../ids.ts";
import { isFsError } from "../../../meta/model/errors.ts";
import type { Inode } from "../../../meta/model/inode.ts";
import type { AttributeChanges, TimeChange } from "../../../meta/ops/setattr.ts";
import type { FileSystemSpace } from "../../file-system.ts";
import { unlessAborted } from "../abort.ts";
import type { FsContext } from "../context.ts";
import { about } from "../naming.ts";
import { checkLength } from "../range.ts";
import { inodeAt } from "./inode-at.ts";

const NO_CHANGES: AttributeChanges = {
  mode: undefined,
  uid: undefined,
  gid: undefined,
  atime: undefined,
  mtime: undefined,
  flags: undefined,
  quota: undefined,
};

/** Follows a symbolic link at the end. */
export function changeAt(
  context: FsContext,
  operation: "chmod" | "chown" | "utimes",
  path: string,
  changes: Partial<AttributeChanges>,
  options: SignalOptions,
): Promise<void> {
  return at(context, operation, path, options, async ({ id: inode }) => {
    // Times that writes leave behind do not come after those that are set.
    if (operation === "utimes") await unlessAborted(context.local.told(inode), options.signal);
    await context.meta.change(META.setattr, { inode, changes: { ...NO_CHANGES, ...changes } }, options);
  });
}

export function timeAt(ns: bigint | undefined): TimeChange | undefined {
  return ns === undefined ? undefined : { kind: "at", ns };
}

export function truncateAt(
  context: FsContext,
  path: string,
  length: bigint,
  options: SignalOptions,
): Promise<void> {
  const { local, meta } = context;
  return at(context, "truncate", path, options, async ({ id: inode }) => {
    checkLength(length, path);
    // What this client wrote before it is before it. What goes wrong is told to whoever wrote it.
    await unlessAborted(
      local.flushed(inode).catch(() => {}),
      options.signal,
    );
    await meta.change(META.truncate, { inode, length, session: undefined }, options);
    local.forget(inode);
  });
}

export function getXattrAt(
  context: FsContext,
  path: string,
  name: string,
  options: SignalOptions,
): Promise<Uint8Array | undefined> {
  return at(context, "getXattr", path, options, async ({ id: inode }) => {
    try {
      return (await context.meta.ask(META.getXattr, { inode, name }, options)).value;
    } catch (error) {
      if (isFsError(error, "ENODATA")) return undefined;
      throw error;
    }
  });
}

export function setXattrAt(
  context: FsContext,
  path: string,
  { name, value }: { readonly name: string; readonly value: Uint8Array },
  options: SignalOptions,
): Promise<void> {
  return at(context, "setXattr", path, options, async ({ id: inode }) => {
    await context.meta.change(META.setXattr, { inode, name, value, mode: "any" }, options);
  });
}

export function removeXattrAt(
  context: FsContext,
  path: string,
  name: string,
  options: SignalOptions,
): Promise<void> {
  return at(context, "removeXattr", path, options, async ({ id: inode }) => {
    await context.meta.change(META.removeXattr, { inode, name }, options);
  });
}

export function listXattrsAt(
  context: FsContext,
  path: string,
  options: SignalOptions,
): Promise<readonly string[]> {
  return at(context, "listXattrs", path, options, async ({ id: inode }) => {
    return (await context.meta.ask(META.listXattrs, { inode }, options)).names;
  });
}

export function spaceOf({ meta }: FsContext, options: SignalOptions): Promise<FileSystemSpace> {
  return about("space", "/", async () => {
    const { bytesTotal, bytesFree, inodesTotal, inodesFree } = await meta.ask(
      META.statfs,
      { inode: ROOT_INODE },
      options,
    );
    return { bytesTotal, bytesFree, inodesTotal, inodesFree };
  });
}

function at<T>(
  context: FsContext,
  operation: string,
  path: string,
  { signal }: SignalOptions,
  work: (inode: Inode) => Promise<T>,
): Promise<T> {
  return about(operation, path, async () => work(await inodeAt(context, path, { follow: true, signal })));
}
