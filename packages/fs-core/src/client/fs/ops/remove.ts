/** Removes what is at a path. */
import type { SignalOptions } from "@smallpond/base";
import { META } from "../../../cluster/meta-methods.ts";
import { fsError, isFsError } from "../../../meta/model/errors.ts";
import type { RemoveOptions } from "../../file-system.ts";
import { mapSideBySide } from "../abort.ts";
import type { FsContext } from "../context.ts";
import { about } from "../naming.ts";
import { entryAt, placeOf } from "../paths.ts";
import { inodeAt } from "./inode-at.ts";
import { list } from "./list.ts";

export function unlinkAt(context: FsContext, path: string, options: SignalOptions): Promise<void> {
  return about("unlink", path, async () => {
    const named = placeOf(path, "unlink");
    if (named === undefined || named.isDirectory) {
      const inode = await inodeAt(context, path, { follow: true, signal: options.signal });
      throw fsError(inode.kind === "directory" ? "EISDIR" : "ENOTDIR", "unlink", path);
    }
    await context.meta.change(META.unlink, { place: named.place }, options);
  });
}

export function rmdirAt({ meta }: FsContext, path: string, options: SignalOptions): Promise<void> {
  return about("rmdir", path, async () => {
    await meta.change(META.rmdir, { place: entryAt(path, "rmdir") }, options);
  });
}

export async function removeAt(context: FsContext, path: string, options: RemoveOptions): Promise<void> {
  const { recursive = false, force = false, signal } = options;
  try {
    await about("rm", path, () =>
      recursive ? removeTree(context, path, { signal }) : removeOne(context, path, { signal }),
    );
  } catch (error) {
    if (force && isFsError(error, "ENOENT")) return;
    throw error;
  }
}

async function removeOne(context: FsContext, path: string, options: SignalOptions): Promise<void> {
  try {
    await unlinkAt(context, path, options);
  } catch (error) {
    if (!isFsError(error, "EISDIR")) throw error;
    throw fsError("EISDIR", "rm", path, {
      hint: "say that it is to be removed with all that is in it: recursive",
    });
  }
}

/** In one step where metadata takes it; else its parts first, each like it. */
async function removeTree(context: FsContext, path: string, options: SignalOptions): Promise<void> {
  const place = entryAt(path, "rm");
  try {
    await context.meta.change(META.removeTree, { place }, options);
  } catch (error) {
    if (isFsError(error, "ENOTDIR")) return unlinkAt(context, path, options);
    if (!isFsError(error, "EOPNOTSUPP")) throw error;
    await removeParts(context, path, options);
    await context.meta.change(META.removeTree, { place }, options);
  }
}

async function removeParts(context: FsContext, path: string, options: SignalOptions): Promise<void> {
  const { questionsAtOnce } = context.settings;
  let names: string[] = [];
  const removeThese = async (): Promise<void> => {
    await mapSideBySide(names, questionsAtOnce, async (name) => {
      await removeAt(context, `${path}/${name}`, { recursive: true, force: true, signal: options.signal });
    });
    names = [];
  };
  for await (const { name } of list(context, path, options)) {
    names.push(name);
    if (names.length >= questionsAtOnce) await removeThese();
  }
  await removeThese();
}
