/** A file system of a cluster that is a directory of this machine: what smallpond asks of it, and no more. */

import type { BigIntStats } from "node:fs";
import {
  copyFile,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  unlink,
} from "node:fs/promises";
import { join } from "node:path";
import { PondError } from "@smallpond/base";
import type { FileHandle, FileStat, FileSystem, OpenFlags } from "@smallpond/fs-core";

export interface LocalFileSystem extends FileSystem {
  /** Bytes that were read. */
  readonly bytesRead: () => number;
}

export function localFileSystem(root: string): LocalFileSystem {
  let read = 0;
  const at = (path: string): string => join(root, path);
  const file = async (path: string, flags: OpenFlags): Promise<FileHandle> => {
    const handle = await open(at(path), flags);
    const fake: Partial<FileHandle> = {
      path,
      read: async (into, { offset }) => {
        const { bytesRead } = await handle.read(into, 0, into.length, Number(offset));
        read += bytesRead;
        return bytesRead;
      },
      write: async (bytes, { offset = 0n } = {}) => {
        await handle.write(bytes, 0, bytes.length, Number(offset));
      },
      truncate: (length) => handle.truncate(Number(length)),
      sync: () => handle.sync(),
      stat: async () => statOf(await handle.stat({ bigint: true })),
      close: () => handle.close(),
    };
    return fake as FileHandle;
  };
  const fake: Partial<FileSystem> = {
    url: "3fs://fake:1",
    open: (path, flags = "r") => named(file(path, flags)),
    readFile: (path) =>
      named(
        (async () => {
          await using handle = await open(at(path), "r");
          return new Uint8Array(await handle.readFile());
        })(),
      ),
    writeFile: (path, content, options = {}) =>
      named(
        (async () => {
          await using handle = await open(at(path), options.exclusive ? "wx" : "w");
          await handle.writeFile(content);
        })(),
      ),
    copy: (from, to) => named(copyFile(at(from), at(to))),
    stat: async (path) => statOf(await named(stat(at(path), { bigint: true }))),
    lstat: async (path) => statOf(await named(lstat(at(path), { bigint: true }))),
    exists: async (path) => (await stat(at(path)).catch(() => undefined)) !== undefined,
    async *readdir(path) {
      for (const entry of await named(readdir(at(path), { withFileTypes: true }))) {
        const kind = entry.isDirectory() ? "directory" : entry.isSymbolicLink() ? "symlink" : "file";
        yield { name: entry.name, kind, inode: 0n };
      }
    },
    mkdir: async (path, options = {}) =>
      void (await named(mkdir(at(path), { recursive: options.recursive ?? false }))),
    rm: (path, options = {}) =>
      named(rm(at(path), { recursive: options.recursive ?? false, force: options.force ?? false })),
    unlink: (path) => named(unlink(at(path))),
    rename: (from, to) => named(rename(at(from), at(to))),
    link: (from, to) => named(link(at(from), at(to))),
    realpath: async (path) => (await named(realpath(at(path)))).slice((await realpath(root)).length) || "/",
    space: async () => ({
      bytesTotal: 2n ** 40n,
      bytesFree: 2n ** 39n,
      inodesTotal: undefined,
      inodesFree: undefined,
    }),
    close: async () => {},
  };
  return Object.assign(fake as FileSystem, { bytesRead: () => read });
}

/** As a client names errors: by their errno. */
async function named<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new PondError(code ?? "EIO", { kind: "invalid", message });
  }
}

function statOf(stats: BigIntStats): FileStat {
  const { ino, size, mode, mtimeNs, ctimeNs, atimeNs, birthtimeNs, nlink } = stats;
  const kind = stats.isDirectory() ? "directory" : "file";
  const [uid, gid] = [Number(stats.uid), Number(stats.gid)];
  return {
    ...{ inode: ino, kind, size, mode: Number(mode), uid, gid, nlink: Number(nlink) },
    ...{ atimeNs, mtimeNs, ctimeNs, birthNs: birthtimeNs, dataVersion: 1 },
    whole: undefined as never,
  } as FileStat;
}
