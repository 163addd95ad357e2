/** One end of a copy: what copying asks of files, in a cluster or on this machine. */
import { lstat, mkdir, open, readdir, rename, utimes } from "node:fs/promises";
import type { FileSystem } from "@smallpond/fs-core";

export interface SideStat {
  readonly kind: "file" | "directory" | "other";
  readonly size: number;
  readonly mtimeMs: number;
  readonly mode: number;
}

export interface SideFile {
  readAt(into: Uint8Array, offset: number): Promise<number>;
  writeAt(bytes: Uint8Array, offset: number): Promise<void>;
  /** Bytes are durable afterwards. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

export interface Side {
  /** Links are followed. Undefined where nothing is. */
  stat(path: string): Promise<SideStat | undefined>;
  list(path: string): AsyncIterable<string>;
  mkdir(path: string): Promise<void>;
  open(path: string): Promise<SideFile>;
  /** Kept if it is there, made if it is not. */
  openToWrite(path: string): Promise<SideFile>;
  rename(from: string, to: string): Promise<void>;
  setTimes(path: string, mtimeMs: number): Promise<void>;
}

export function localSide(): Side {
  const file = async (path: string, flags: string): Promise<SideFile> => {
    const handle = await open(path, flags);
    return {
      readAt: async (into, offset) => {
        let done = 0;
        while (done < into.length) {
          const { bytesRead } = await handle.read(into, done, into.length - done, offset + done);
          if (bytesRead === 0) break;
          done += bytesRead;
        }
        return done;
      },
      writeAt: async (bytes, offset) => {
        for (let done = 0; done < bytes.length; ) {
          done += (await handle.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
        }
      },
      finish: () => handle.sync(),
      close: () => handle.close(),
    };
  };
  return {
    stat: async (path) => {
      const { stat } = await import("node:fs/promises");
      const found = await stat(path).catch(ignoreMissing);
      if (found === undefined) return undefined;
      const kind = found.isFile() ? "file" : found.isDirectory() ? "directory" : "other";
      return { kind, size: found.size, mtimeMs: Math.floor(found.mtimeMs), mode: found.mode & 0o7777 };
    },
    async *list(path) {
      yield* (await readdir(path)).sort();
    },
    mkdir: async (path) => void (await mkdir(path, { recursive: true })),
    open: (path) => file(path, "r"),
    openToWrite: async (path) => await file(path, (await lstat(path).catch(ignoreMissing)) ? "r+" : "w+"),
    rename,
    setTimes: (path, mtimeMs) => utimes(path, new Date(mtimeMs), new Date(mtimeMs)),
  };
}

export function clusterSide(fs: FileSystem, signal: AbortSignal): Side {
  return {
    stat: async (path) => {
      const found = await fs.stat(path, { signal }).catch(ignoreMissing);
      if (found === undefined) return undefined;
      const kind = found.kind === "file" || found.kind === "directory" ? found.kind : "other";
      return {
        kind,
        size: Number(found.size),
        mtimeMs: Number(found.mtimeNs / 1_000_000n),
        mode: found.mode,
      };
    },
    async *list(path) {
      for await (const { name } of fs.readdir(path, { signal })) yield name;
    },
    mkdir: (path) => fs.mkdir(path, { recursive: true, signal }),
    open: async (path) => sideFile(await fs.open(path, "r", { signal }), signal),
    openToWrite: async (path) => {
      const found = await fs.open(path, "r+", { signal }).catch(ignoreMissing);
      return sideFile(found ?? (await fs.open(path, "w+", { signal })), signal);
    },
    rename: (from, to) => fs.rename(from, to, { signal }),
    setTimes: async (path, mtimeMs) => {
      const ns = BigInt(mtimeMs) * 1_000_000n;
      await fs.utimes(path, { atimeNs: ns, mtimeNs: ns }, { signal });
    },
  };
}

function sideFile(file: Awaited<ReturnType<FileSystem["open"]>>, signal: AbortSignal): SideFile {
  return {
    readAt: (into, offset) => file.read(into, { offset: BigInt(offset), signal }),
    writeAt: (bytes, offset) => file.write(bytes, { offset: BigInt(offset), signal }),
    finish: () => file.sync({ signal }),
    close: () => file.close(),
  };
}

function ignoreMissing(error: unknown): undefined {
  const { code } = error as { code?: unknown };
  if (code === "ENOENT" || code === "ENOTDIR") return undefined;
  throw error;
}
