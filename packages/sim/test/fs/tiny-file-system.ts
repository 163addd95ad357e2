/** As much of a file system as the clients of the scenario use, in memory, with mistakes on request. */
import type { Clock, Random } from "@smallpond/base";
import type { FileHandle, FileStat, FileSystem, OpenFlags } from "@smallpond/fs-core";

export type TinyBug = "stale-read" | "lost-write" | "torn-write" | "append-twice" | "short-length";

interface TinyFile {
  readonly inode: bigint;
  bytes: Uint8Array;
  before: Uint8Array;
  nlink: number;
}

/** What all clients share. */
export class TinyState {
  readonly names: Map<string, TinyFile> = new Map();
  next = 10n;
}

export interface TinyDeps {
  readonly state: TinyState;
  readonly clock: Clock;
  readonly random: Random;
  readonly bug: TinyBug | undefined;
}

export function tinyFileSystem(deps: TinyDeps, refuse: (code: string) => Error): FileSystem {
  const { state, clock, random, bug } = deps;
  const hit = (which: TinyBug): boolean => bug === which && random.next() < 0.05;
  const wait = (): Promise<void> => clock.sleep(5 * random.next());
  const find = (path: string): TinyFile => {
    const file = state.names.get(path);
    if (file === undefined) throw refuse("ENOENT");
    return file;
  };
  const put = (file: TinyFile, offset: number, bytes: Uint8Array): void => {
    file.before = file.bytes;
    const next = new Uint8Array(Math.max(file.bytes.length, offset + bytes.length));
    next.set(file.bytes);
    next.set(bytes, offset);
    file.bytes = next;
  };
  const make = (path: string): TinyFile => {
    const file = { inode: state.next++, bytes: new Uint8Array(0), before: new Uint8Array(0), nlink: 1 };
    state.names.set(path, file);
    return file;
  };
  const drop = (path: string): void => {
    const file = state.names.get(path);
    if (file !== undefined) file.nlink = 0;
    state.names.delete(path);
  };
  const cut = (file: TinyFile, length: number): void => {
    file.before = file.bytes;
    file.bytes = Uint8Array.from({ length }, (_, at) => file.bytes[at] ?? 0);
  };
  const stat = (file: TinyFile): FileStat => {
    const size = BigInt(hit("short-length") ? Math.max(0, file.bytes.length - 16) : file.bytes.length);
    const { inode, nlink } = file;
    return { inode, size, nlink, dataVersion: 1, whole: { nlink } } as unknown as FileStat;
  };
  const open = (file: TinyFile, path: string, flags: OpenFlags): FileHandle => {
    const handle: Partial<FileHandle> = {
      path,
      inode: file.inode,
      async read(into, { offset }) {
        await wait();
        const source = hit("stale-read") ? file.before : file.bytes;
        const part = source.subarray(Number(offset), Number(offset) + into.length);
        into.set(part);
        await wait();
        return part.length;
      },
      async write(bytes, at) {
        await wait();
        const offset = flags === "a" ? file.bytes.length : Number(at?.offset ?? 0n);
        if (!hit("lost-write")) put(file, offset, hit("torn-write") ? bytes.subarray(0, 16) : bytes);
        if (flags === "a" && hit("append-twice")) put(file, file.bytes.length, bytes);
        await wait();
      },
      truncate: async (length) => {
        await wait();
        cut(file, Number(length));
        await wait();
      },
      stat: async () => {
        await wait();
        return stat(file);
      },
      sync: wait,
      close: wait,
    };
    return handle as FileHandle;
  };
  const fs: Partial<FileSystem> = {
    async open(path, flags = "r") {
      await wait();
      const exists = state.names.has(path);
      if (exists && flags.includes("x")) throw refuse("EEXIST");
      const makes = flags[0] === "w" || flags[0] === "a";
      const file = !exists && makes ? make(path) : find(path);
      if (flags[0] === "w" && exists) cut(file, 0);
      await wait();
      return open(file, path, flags);
    },
    async writeFile(path, content, options) {
      await wait();
      if (options?.exclusive === true && state.names.has(path)) throw refuse("EEXIST");
      drop(path);
      make(path).bytes = typeof content === "string" ? new TextEncoder().encode(content) : content.slice();
      await wait();
    },
    async readFile(path) {
      await wait();
      return find(path).bytes.slice();
    },
    async stat(path) {
      await wait();
      return stat(find(path));
    },
    async unlink(path) {
      await wait();
      find(path);
      drop(path);
    },
    async rename(from, to) {
      await wait();
      const file = find(from);
      if (from === to) return;
      drop(to);
      state.names.delete(from);
      state.names.set(to, file);
    },
    readdir: async function* () {
      await wait();
      for (const [path, { inode }] of [...state.names])
        yield { name: path.slice(1), kind: "file" as const, inode };
    },
    close: async () => {},
  };
  return fs as FileSystem;
}
