/**
 * Files of clusters as a disk, by their URLs: what publishing, staging and job directories need works there as it does on a
 * local disk. Names are durable once a call has resolved, so there is nothing to sync about directories.
 */
import {
  type DirectoryEntry,
  type Disk,
  type DiskFile,
  type DiskStat,
  diskError,
  type EntryType,
  type FromTo,
  isPondError,
  type OpenOptions,
  type Random,
  type TempDirectory,
  toHex,
  type WriteFileOptions,
} from "@smallpond/base";
import type { FileHandle, FileStat, FileSystem, OpenFlags } from "@smallpond/fs-core";
import type { Clusters } from "./clusters.ts";
import { formatRemote, parseRemote, type RemotePath } from "./remote-path.ts";

export class RemoteDisk implements Disk {
  readonly #clusters: Clusters;
  readonly #random: Random;

  constructor(deps: { readonly clusters: Clusters; readonly random: Random }) {
    this.#clusters = deps.clusters;
    this.#random = deps.random;
  }

  open(url: string, options: OpenOptions): Promise<DiskFile> {
    return this.#at("open", url, async (fs, path) => new RemoteFile(url, await openFile(fs, path, options)));
  }

  readFile(url: string): Promise<Uint8Array> {
    return this.#at("readFile", url, (fs, path) => fs.readFile(path));
  }

  writeFile(url: string, data: Uint8Array | string, options: WriteFileOptions = {}): Promise<void> {
    const exclusive = options.exclusive === true;
    return this.#at("writeFile", url, (fs, path) => fs.writeFile(path, data, { exclusive }));
  }

  copyFile({ from, to }: FromTo, options: WriteFileOptions = {}): Promise<void> {
    const exclusive = options.exclusive === true;
    return this.#between("copyFile", { from, to }, (fs, paths) =>
      fs.copy(paths.from, paths.to, { exclusive }),
    );
  }

  rename(paths: FromTo): Promise<void> {
    return this.#between("rename", paths, (fs, { from, to }) => fs.rename(from, to));
  }

  link(paths: FromTo): Promise<void> {
    return this.#between("link", paths, (fs, { from, to }) => fs.link(from, to));
  }

  unlink(url: string): Promise<void> {
    return this.#at("unlink", url, (fs, path) => fs.unlink(path));
  }

  mkdir(url: string, options: { readonly recursive?: boolean } = {}): Promise<void> {
    const recursive = options.recursive === true;
    return this.#at("mkdir", url, async (fs, path) => {
      if (!(recursive && path === "/")) await fs.mkdir(path, { recursive });
    });
  }

  readdir(url: string): Promise<readonly DirectoryEntry[]> {
    return this.#at("readdir", url, async (fs, path) => {
      const entries: DirectoryEntry[] = [];
      for await (const { name, kind } of fs.readdir(path)) entries.push({ name, type: entryType(kind) });
      return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    });
  }

  stat(url: string): Promise<DiskStat> {
    const { cluster } = parseRemote(url);
    return this.#at("stat", url, async (fs, path) => diskStat(await fs.stat(path), deviceOf(cluster)));
  }

  realPath(url: string): Promise<string> {
    const { cluster } = parseRemote(url);
    return this.#at("realPath", url, async (fs, path) =>
      formatRemote({ cluster, path: await fs.realpath(path) }),
    );
  }

  exists(url: string): Promise<boolean> {
    return this.#at("exists", url, (fs, path) => fs.exists(path));
  }

  removeTree(url: string): Promise<void> {
    return this.#at("removeTree", url, (fs, path) => fs.rm(path, { recursive: true, force: true }));
  }

  syncDirectory(_url: string): Promise<void> {
    return Promise.resolve();
  }

  freeBytes(url: string): Promise<number> {
    return this.#at("freeBytes", url, async (fs) => Number((await fs.space()).bytesFree));
  }

  async tempDirectory(
    options: { readonly parent?: string; readonly prefix?: string } = {},
  ): Promise<TempDirectory> {
    const { parent = "3fs://", prefix = "" } = options;
    const path = `${parent.replace(/\/+$/, "")}/${prefix}${toHex(this.#random.bytes(8))}`;
    await this.mkdir(path);
    return { path, [Symbol.asyncDispose]: () => this.removeTree(path) };
  }

  async #at<T>(
    operation: string,
    url: string,
    work: (fs: FileSystem, path: string) => Promise<T>,
  ): Promise<T> {
    const { cluster, path } = parseRemote(url);
    const fs = await this.#clusters.open(cluster);
    try {
      return await work(fs, path);
    } catch (error) {
      throw asDiskError(error, { operation, path: url });
    }
  }

  async #between(
    operation: string,
    { from, to }: FromTo,
    work: (fs: FileSystem, paths: FromTo) => Promise<void>,
  ): Promise<void> {
    const [source, target]: [RemotePath, RemotePath] = [parseRemote(from), parseRemote(to)];
    const details = { operation, path: from, to };
    if (source.cluster !== target.cluster) throw diskError("EXDEV", details);
    const fs = await this.#clusters.open(source.cluster);
    try {
      await work(fs, { from: source.path, to: target.path });
    } catch (error) {
      throw asDiskError(error, details);
    }
  }
}

class RemoteFile implements DiskFile {
  readonly path: string;
  readonly #file: FileHandle;
  #closed = false;

  constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  readAt(buffer: Uint8Array, position: number): Promise<number> {
    return this.#do("read", () => this.#file.read(buffer, { offset: BigInt(position) }));
  }

  writeAt(buffer: Uint8Array, position: number): Promise<void> {
    return this.#do("write", () => this.#file.write(buffer, { offset: BigInt(position) }));
  }

  size(): Promise<number> {
    return this.#do("stat", async () => Number((await this.#file.stat()).size));
  }

  truncate(size: number): Promise<void> {
    return this.#do("truncate", () => this.#file.truncate(BigInt(size)));
  }

  sync(): Promise<void> {
    return this.#do("sync", () => this.#file.sync());
  }

  datasync(): Promise<void> {
    return this.sync();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.#file.close();
    } catch (error) {
      throw asDiskError(error, { operation: "close", path: this.path });
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #do<T>(operation: string, work: () => Promise<T>): Promise<T> {
    const details = { operation, path: this.path };
    if (this.#closed) throw diskError("EBADF", details);
    try {
      return await work();
    } catch (error) {
      throw asDiskError(error, details);
    }
  }
}

/** Looks again when somebody makes or removes the file in between. */
const LOOKS_MAX = 16;

async function openFile(fs: FileSystem, path: string, options: OpenOptions): Promise<FileHandle> {
  const { write = false, create = false, exclusive = false, truncate = false } = options;
  if (!write) return await fs.open(path, "r");
  if (create && exclusive) return await fs.open(path, "wx+");
  if (create && truncate) return await fs.open(path, "w+");
  for (let look = 1; ; look++) {
    // No flags of `fopen` make a file and leave one as it is that is there.
    const flags: OpenFlags = look % 2 === 1 ? "r+" : "wx+";
    try {
      const file = await fs.open(path, flags);
      if (truncate) await file.truncate(0n);
      return file;
    } catch (error) {
      const other = isPondError(error, flags === "r+" ? "ENOENT" : "EEXIST");
      if (!create || !other || look === LOOKS_MAX) throw error;
    }
  }
}

function diskStat({ size, mtimeNs, ctimeNs, inode, kind }: FileStat, device: bigint): DiskStat {
  const isFile = kind === "file";
  return { size: Number(size), mtimeNs, ctimeNs, inode, device, isFile, isDirectory: kind === "directory" };
}

/** Unlike any number that a kernel gives, and the same for the same cluster. */
function deviceOf(cluster: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const char of cluster) hash = ((hash ^ BigInt(char.codePointAt(0)!)) * 0x100000001b3n) % 2n ** 64n;
  return 2n ** 64n + hash;
}

function entryType(kind: string): EntryType {
  return kind === "file" || kind === "directory" || kind === "symlink" ? kind : "other";
}

const DISK_CODES: ReadonlySet<string> = new Set(
  "ENOENT EEXIST ENOTDIR EISDIR ENOTEMPTY ENOSPC EDQUOT EFBIG EACCES EPERM EROFS EXDEV EMLINK ELOOP ENAMETOOLONG EINVAL EBUSY".split(
    " ",
  ),
);

/** What a disk would say in the same case. What only clusters can say stays as it is. */
function asDiskError(error: unknown, details: { operation: string; path: string; to?: string }): unknown {
  if (!isPondError(error) || !DISK_CODES.has(String(error.code))) return error;
  return diskError(String(error.code), details, { cause: error });
}
