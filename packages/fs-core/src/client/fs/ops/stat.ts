/** What is at paths. */
import type { SignalOptions } from "@smallpond/base";
import { META } from "../../../cluster/meta-methods.ts";
import type { FileStat } from "../../file-system.ts";
import { mapSideBySide, unlessAborted } from "../abort.ts";
import type { FsContext } from "../context.ts";
import { about } from "../naming.ts";
import { statOf } from "../stat-of.ts";
import { type InodeAtOptions, inodeAt, unlessMissing } from "./inode-at.ts";

/** With what this client itself wrote and did not send yet. */
export function statAt(
  context: FsContext,
  operation: "stat" | "lstat",
  path: string,
  options: InodeAtOptions,
): Promise<FileStat> {
  return about(operation, path, async () => {
    const { local, meta } = context;
    const untold = local.untold();
    const inode = await inodeAt(context, path, options);
    if (!untold.has(inode.id)) return statOf(inode);
    await unlessAborted(local.told(inode.id), options.signal);
    const now = await meta.ask(META.stat, { inode: inode.id }, { signal: options.signal });
    return statOf(now.inode);
  });
}

export function statManyAt(
  context: FsContext,
  paths: readonly string[],
  options: SignalOptions,
): Promise<readonly (FileStat | undefined)[]> {
  return mapSideBySide(paths, context.settings.questionsAtOnce, (path) =>
    unlessMissing(statAt(context, "stat", path, { follow: true, signal: options.signal })),
  );
}

export async function existsAt(context: FsContext, path: string, options: SignalOptions): Promise<boolean> {
  const found = await unlessMissing(statAt(context, "stat", path, { follow: true, signal: options.signal }));
  return found !== undefined;
}
