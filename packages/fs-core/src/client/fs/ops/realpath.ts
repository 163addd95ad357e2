/** The path of what a path leads to, without links, `.` and `..`. Metadata knows no names of inodes, so it is walked here. */
import type { SignalOptions } from "@smallpond/base";
import { fsError } from "../../../meta/model/errors.ts";
import { META_LIMITS } from "../../../meta/model/limits.ts";
import type { FsContext } from "../context.ts";
import { about } from "../naming.ts";
import { checkAbsolute } from "../paths.ts";
import { inodeAt } from "./inode-at.ts";

/** One question for each name on the way. Everything on it must be there. */
export function realpathOf(context: FsContext, path: string, { signal }: SignalOptions): Promise<string> {
  return about("realpath", path, async () => {
    checkAbsolute(path, "realpath");
    const ahead = namesOf(path).reverse();
    let here: string[] = [];
    let followed = 0;
    while (ahead.length > 0) {
      const name = ahead.pop()!;
      if (name === "..") here.pop();
      if (name === "." || name === "..") continue;
      const next = [...here, name];
      const inode = await inodeAt(context, `/${next.join("/")}`, { follow: false, signal });
      if (inode.kind !== "symlink") {
        here = next;
        if (inode.kind !== "directory" && ahead.length > 0) throw fsError("ENOTDIR", "realpath", path);
        continue;
      }
      followed += 1;
      if (followed > META_LIMITS.symlinksFollowedMax) throw fsError("ELOOP", "realpath", path);
      if (inode.target.startsWith("/")) here = [];
      ahead.push(...namesOf(inode.target).reverse());
    }
    if (path.endsWith("/") || here.length === 0) await inodeAt(context, path, { follow: true, signal });
    return `/${here.join("/")}`;
  });
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "");
}
