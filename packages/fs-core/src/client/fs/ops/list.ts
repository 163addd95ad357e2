/** Lists a directory page by page; while one page is looked at, the next is asked for. */
import type { SignalOptions } from "@smallpond/base";
import { META } from "../../../cluster/meta-methods.ts";
import type { InodeId } from "../../../ids.ts";
import { READDIR_MAX, type ReaddirAnswer, type ReaddirEntry } from "../../../meta/ops/readdir.ts";
import type { DirectoryItem } from "../../file-system.ts";
import type { FsContext } from "../context.ts";
import { about } from "../naming.ts";
import { inodeAt } from "./inode-at.ts";

/** Leaving the loop gives up the page that is asked for. */
export async function* list(
  context: FsContext,
  path: string,
  { signal }: SignalOptions,
): AsyncGenerator<DirectoryItem, void, void> {
  const { meta } = context;
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  const page = (directory: InodeId, after: string | undefined): Promise<ReaddirAnswer> => {
    const question = { directory, after, limit: READDIR_MAX, attributes: false };
    const asked = about("readdir", path, () => meta.ask(META.readdir, question, { signal: stop.signal }));
    asked.catch(() => {});
    return asked;
  };
  try {
    const { id } = await about("readdir", path, () =>
      inodeAt(context, path, { follow: true, signal: stop.signal }),
    );
    let next: Promise<ReaddirAnswer> | undefined = page(id, undefined);
    while (next !== undefined) {
      const { entries, more }: ReaddirAnswer = await next;
      const last: ReaddirEntry | undefined = entries.at(-1);
      next = more && last !== undefined ? page(id, last.name) : undefined;
      for (const { name, kind, id: inode } of entries) yield { name, kind, inode };
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
    stop.abort(new Error("nobody reads on"));
  }
}
