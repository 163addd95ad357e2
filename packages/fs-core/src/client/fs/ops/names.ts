/** Makes and moves names. */
import type { SignalOptions } from "@smallpond/base";
import { META } from "../../../cluster/meta-methods.ts";
import { ROOT_INODE } from "../../../ids.ts";
import { fsError } from "../../../meta/model/errors.ts";
import type { RenameOptions } from "../../file-system.ts";
import type { FsContext } from "../context.ts";
import { about } from "../naming.ts";
import { checkAbsolute, entryAt, placeOf } from "../paths.ts";
import { inodeAt } from "./inode-at.ts";

const DIRECTORY_MODE = 0o755;

export function mkdirAt(
  { meta }: FsContext,
  path: string,
  options: SignalOptions & { readonly recursive?: boolean; readonly mode?: number },
): Promise<void> {
  const { recursive: parents = false, mode = DIRECTORY_MODE, signal } = options;
  return about("mkdir", path, async () => {
    checkAbsolute(path, "mkdir");
    const question = { directory: ROOT_INODE, path, mode: mode & 0o7777, parents };
    await meta.change(META.mkdirs, question, { signal });
  });
}

export function renameAt(
  context: FsContext,
  from: string,
  to: string,
  options: RenameOptions,
): Promise<void> {
  const { noReplace = false, exchange = false, signal } = options;
  return about("rename", from, async () => {
    if (noReplace && exchange) {
      throw fsError("EINVAL", "rename", from, {
        reason: "what changes places is there: noReplace makes no sense",
      });
    }
    for (const path of [from, to]) await refuseSlash(context, path, from, { signal });
    const mode = exchange ? "exchange" : noReplace ? "noreplace" : "replace";
    const question = { from: entryAt(from, "rename"), to: entryAt(to, "rename"), mode } as const;
    await context.meta.change(META.rename, question, { signal });
  });
}

/** The existing name may be a symbolic link, which then gets another name. */
export function linkAt(
  context: FsContext,
  existing: string,
  path: string,
  options: SignalOptions,
): Promise<void> {
  return about("link", path, async () => {
    const place = entryAt(path, "link");
    const { id } = await inodeAt(context, existing, { follow: false, signal: options.signal });
    await context.meta.change(META.link, { inode: id, place }, options);
  });
}

export function symlinkAt(
  { meta }: FsContext,
  target: string,
  path: string,
  options: SignalOptions,
): Promise<void> {
  return about("symlink", path, async () => {
    await meta.change(META.symlink, { place: entryAt(path, "symlink"), target }, options);
  });
}

export function readlinkAt(context: FsContext, path: string, options: SignalOptions): Promise<string> {
  return about("readlink", path, async () => {
    const inode = await inodeAt(context, path, { follow: false, signal: options.signal });
    if (inode.kind === "symlink") return inode.target;
    throw fsError("EINVAL", "readlink", path, { reason: "it is no symbolic link" });
  });
}

/** A trailing slash says that it is a directory that is moved. */
async function refuseSlash(
  context: FsContext,
  path: string,
  from: string,
  options: SignalOptions,
): Promise<void> {
  if (placeOf(path, "rename")?.isDirectory !== true) return;
  const inode = await inodeAt(context, from, { follow: false, signal: options.signal });
  if (inode.kind !== "directory") throw fsError("ENOTDIR", "rename", path);
}
