/** Opens files. */
import type { SignalOptions } from "@smallpond/base";
import { META } from "../../../cluster/meta-methods.ts";
import { newRandomId, type SessionId } from "../../../ids.ts";
import { fsError } from "../../../meta/model/errors.ts";
import type { Place } from "../../../meta/walk/place.ts";
import type { OpenFlags, OpenOptions } from "../../file-system.ts";
import { unlessAborted } from "../abort.ts";
import type { FsContext } from "../context.ts";
import { about } from "../naming.ts";
import type { OpenFile } from "../open-file.ts";
import { placeOf } from "../paths.ts";
import { ReadOnlyFile } from "../read-only-file.ts";
import { WritableFile } from "../writable-file.ts";
import { FileWriter } from "../writing/file-writer.ts";
import { inodeAt, unlessMissing } from "./inode-at.ts";

export interface Opened {
  readonly file: OpenFile;
  readonly writer: FileWriter | undefined;
}

interface Meaning {
  readonly read: boolean;
  readonly append: boolean;
  readonly truncate: boolean;
  readonly create: boolean;
  readonly exclusive: boolean;
}

const MODE = 0o644;

/** What each of the flags means; `r` is no write. */
const MEANINGS: Readonly<Record<Exclude<OpenFlags, "r">, Meaning>> = {
  "r+": { read: true, append: false, truncate: false, create: false, exclusive: false },
  w: { read: false, append: false, truncate: true, create: true, exclusive: false },
  "w+": { read: true, append: false, truncate: true, create: true, exclusive: false },
  wx: { read: false, append: false, truncate: false, create: true, exclusive: true },
  "wx+": { read: true, append: false, truncate: false, create: true, exclusive: true },
  a: { read: false, append: true, truncate: false, create: true, exclusive: false },
  "a+": { read: true, append: true, truncate: false, create: true, exclusive: false },
  ax: { read: false, append: true, truncate: false, create: true, exclusive: true },
  "ax+": { read: true, append: true, truncate: false, create: true, exclusive: true },
};

export function openFile(
  context: FsContext,
  path: string,
  flags: OpenFlags,
  options: OpenOptions = {},
): Promise<Opened> {
  return about("open", path, async () => {
    const named = placeOf(path, "open");
    if (flags !== "r" && !(flags in MEANINGS)) {
      const known = ["r", ...Object.keys(MEANINGS)].join(", ");
      throw fsError("EINVAL", "open", path, {
        reason: `not a way to open a file: ${String(flags)}`,
        hint: `one of ${known}`,
      });
    }
    if (named === undefined || named.isDirectory) {
      const inode = await inodeAt(context, path, { ...options, follow: true });
      throw fsError(inode.kind === "directory" ? "EISDIR" : "ENOTDIR", "open", path);
    }
    return flags === "r"
      ? openRead(context, path, named.place, options)
      : openWrite(context, path, named.place, { ...MEANINGS[flags], ...options });
  });
}

async function openRead(
  context: FsContext,
  path: string,
  place: Place,
  options: SignalOptions,
): Promise<Opened> {
  const { meta, random, asking } = context;
  const session = newRandomId<SessionId>(random);
  const asked = asking.now();
  const answer = await meta.ask(
    META.openToRead,
    { session, target: { kind: "place", place, noFollow: false }, directory: false },
    { signal: options.signal },
  );
  return { file: new ReadOnlyFile(context, { path, session, answer, asked }), writer: undefined };
}

async function openWrite(
  context: FsContext,
  path: string,
  place: Place,
  how: Meaning & OpenOptions,
): Promise<Opened> {
  const { meta, random, asking, local } = context;
  const { read, append, truncate, create, exclusive, mode = MODE, signal } = how;
  if (truncate && local.isAnyDirty) await sendFirst(context, path, { signal });
  const session = newRandomId<SessionId>(random);
  const asked = asking.now();
  const answer = await meta.change(
    META.openToWrite,
    {
      session,
      target: { kind: "place", place, noFollow: false },
      read,
      append,
      truncate,
      create: create ? { mode: mode & 0o7777, exclusive } : undefined,
    },
    { signal },
  );
  local.forget(answer.inode.id);
  const opened = { path, session, isReadable: read, isAppend: append, answer, asked };
  const file = new WritableFile(context, opened);
  return { file, writer: new FileWriter(context, file) };
}

/** What this client wrote to a file before it is emptied does not come after that. */
async function sendFirst(context: FsContext, path: string, options: SignalOptions): Promise<void> {
  const found = await unlessMissing(inodeAt(context, path, { follow: true, ...options }));
  if (found !== undefined) await unlessAborted(context.local.told(found.id), options.signal);
}

/** The work's error, else that of closing. */
export async function thenClose(writer: FileWriter, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    await writer.close().catch(() => {});
    throw error;
  }
  await writer.close();
}
