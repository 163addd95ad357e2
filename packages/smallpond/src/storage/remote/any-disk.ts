/** One disk for both: URLs of clusters go there, all other paths to this machine. */
import {
  type DirectoryEntry,
  type Disk,
  type DiskFile,
  type DiskStat,
  diskError,
  type FromTo,
  type OpenOptions,
  type TempDirectory,
  type WriteFileOptions,
} from "@smallpond/base";
import { isRemote } from "./remote-path.ts";

const COPY_BYTES = 4 * 2 ** 20;

export class AnyDisk implements Disk {
  readonly #local: Disk;
  readonly #remote: Disk;

  constructor(local: Disk, remote: Disk) {
    this.#local = local;
    this.#remote = remote;
  }

  open(path: string, options: OpenOptions): Promise<DiskFile> {
    return this.#of(path).open(path, options);
  }

  readFile(path: string): Promise<Uint8Array> {
    return this.#of(path).readFile(path);
  }

  writeFile(path: string, data: Uint8Array | string, options?: WriteFileOptions): Promise<void> {
    return this.#of(path).writeFile(path, data, options);
  }

  async copyFile(paths: FromTo, options: WriteFileOptions = {}): Promise<void> {
    if (this.#isOne(paths)) return await this.#of(paths.from).copyFile(paths, options);
    await using from = await this.open(paths.from, { read: true });
    const { exclusive = false, sync = false } = options;
    const create = exclusive ? { exclusive } : { truncate: true };
    await using to = await this.open(paths.to, { write: true, create: true, ...create });
    const buffer = new Uint8Array(COPY_BYTES);
    for (let at = 0; ; ) {
      const count = await from.readAt(buffer, at);
      if (count > 0) await to.writeAt(buffer.subarray(0, count), at);
      at += count;
      if (count < buffer.length) break;
    }
    if (sync) await to.sync();
  }

  async rename(paths: FromTo): Promise<void> {
    await this.#within("rename", paths).rename(paths);
  }

  async link(paths: FromTo): Promise<void> {
    await this.#within("link", paths).link(paths);
  }

  unlink(path: string): Promise<void> {
    return this.#of(path).unlink(path);
  }

  mkdir(path: string, options?: { readonly recursive?: boolean }): Promise<void> {
    return this.#of(path).mkdir(path, options);
  }

  readdir(path: string): Promise<readonly DirectoryEntry[]> {
    return this.#of(path).readdir(path);
  }

  stat(path: string): Promise<DiskStat> {
    return this.#of(path).stat(path);
  }

  realPath(path: string): Promise<string> {
    return this.#of(path).realPath(path);
  }

  exists(path: string): Promise<boolean> {
    return this.#of(path).exists(path);
  }

  removeTree(path: string): Promise<void> {
    return this.#of(path).removeTree(path);
  }

  syncDirectory(path: string): Promise<void> {
    return this.#of(path).syncDirectory(path);
  }

  freeBytes(path: string): Promise<number> {
    return this.#of(path).freeBytes(path);
  }

  tempDirectory(
    options: { readonly parent?: string; readonly prefix?: string } = {},
  ): Promise<TempDirectory> {
    return this.#of(options.parent ?? "").tempDirectory(options);
  }

  #of(path: string): Disk {
    return isRemote(path) ? this.#remote : this.#local;
  }

  #isOne({ from, to }: FromTo): boolean {
    return isRemote(from) === isRemote(to);
  }

  #within(operation: string, paths: FromTo): Disk {
    if (!this.#isOne(paths)) throw diskError("EXDEV", { operation, path: paths.from, to: paths.to });
    return this.#of(paths.from);
  }
}
