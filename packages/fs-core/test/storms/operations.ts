/** Random operations of a storm, and how they are asked for. */
import { isPondError, type Random } from "@smallpond/base";
import { type InodeId, META, type MetaCaller } from "@smallpond/fs-core";
import type { StormOperation } from "./tree-model.ts";

/** Few names, so that operations meet what others left. */
const NAMES = ["a", "b", "c"] as const;

export function randomOperation(random: Random, label: string): StormOperation {
  const path = (): string => {
    const depth = 1 + random.int(3);
    return Array.from({ length: depth }, () => NAMES[random.int(NAMES.length)]!).join("/");
  };
  switch (random.int(8)) {
    case 0:
    case 1:
      return { kind: "create", path: path(), label };
    case 2:
    case 3:
      return { kind: "mkdir", path: path() };
    case 4:
      return { kind: "link", from: path(), to: path() };
    case 5:
      return { kind: "unlink", path: path() };
    case 6:
      return { kind: "rmdir", path: path() };
    default:
      return { kind: "rename", from: path(), to: path() };
  }
}

/** `ok`, or the errno that it was refused with. Throws where nobody knows, or something broke. */
export async function perform(
  meta: MetaCaller,
  directory: InodeId,
  operation: StormOperation,
): Promise<string> {
  try {
    await send(meta, directory, operation);
    return "ok";
  } catch (error) {
    if (isPondError(error) && /^E[A-Z]+$/.test(error.code)) return error.code;
    throw error;
  }
}

function send(meta: MetaCaller, directory: InodeId, operation: StormOperation): Promise<unknown> {
  const place = (path: string) => {
    const at = path.lastIndexOf("/");
    return { directory, under: path.slice(0, Math.max(0, at)), name: path.slice(at + 1) };
  };
  switch (operation.kind) {
    case "create": {
      const file = { kind: "file", mode: 0o644, rdev: 0, exclusive: true } as const;
      return meta.change(META.create, { place: place(operation.path), ...file });
    }
    case "mkdir":
      return meta.change(META.mkdirs, { directory, path: operation.path, mode: 0o755, parents: false });
    case "link":
      return link(meta, directory, operation, place(operation.to));
    case "unlink":
      return meta.change(META.unlink, { place: place(operation.path) });
    case "rmdir":
      return meta.change(META.rmdir, { place: place(operation.path) });
    case "rename":
      return meta.change(META.rename, {
        from: place(operation.from),
        to: place(operation.to),
        mode: "replace",
      });
    default:
      return operation satisfies never;
  }
}

async function link(
  meta: MetaCaller,
  directory: InodeId,
  { from }: Extract<StormOperation, { kind: "link" }>,
  place: { readonly directory: InodeId; readonly under: string; readonly name: string },
): Promise<unknown> {
  const found = await meta.ask(META.statPath, { directory, path: from, follow: false });
  return await meta.change(META.link, { inode: found.inode.id, place });
}
