/** What a path leads to. */
import type { SignalOptions } from "@smallpond/base";
import { META } from "../../../cluster/meta-methods.ts";
import { ROOT_INODE } from "../../../ids.ts";
import { isFsError } from "../../../meta/model/errors.ts";
import type { Inode } from "../../../meta/model/inode.ts";
import type { FsContext } from "../context.ts";
import { checkAbsolute } from "../paths.ts";

export interface InodeAtOptions extends SignalOptions {
  /** Whether a symbolic link at the end is followed. */
  readonly follow: boolean;
}

export async function inodeAt(
  { meta }: FsContext,
  path: string,
  { follow, signal }: InodeAtOptions,
): Promise<Inode> {
  checkAbsolute(path, "stat");
  const { inode } = await meta.ask(META.statPath, { directory: ROOT_INODE, path, follow }, { signal });
  return inode;
}

/** The outcome; nothing if the path leads nowhere. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isFsError(error, "ENOENT") || isFsError(error, "ENOTDIR")) return undefined;
    throw error;
  }
}
