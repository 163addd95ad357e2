/** The file system as users hold it: each method hands over to the file of its operation. */
import { PondError, type SignalOptions, Tasks } from "@smallpond/base";
import { WRITE_FILE_BYTES_MAX } from "../../meta/ops/write-file.ts";
import type {
  CopyOptions,
  DirectoryItem,
  FileHandle,
  FileStat,
  FileSystem,
  FileSystemSpace,
  OpenFlags,
  OpenOptions,
  ReadRequest,
  RemoveOptions,
  RenameOptions,
  WriteFileOptions,
} from "../file-system.ts";
import { Asking } from "./asking.ts";
import { ByteBudget } from "./budget.ts";
import type { FileSystemDeps, FsContext } from "./context.ts";
import { PondFileHandle } from "./handle.ts";
import { keepFiles } from "./keeper.ts";
import { LocalFiles } from "./local-files.ts";
import * as attributes from "./ops/attributes.ts";
import { copyFile } from "./ops/copy.ts";
import { list } from "./ops/list.ts";
import * as names from "./ops/names.ts";
import { openFile } from "./ops/open.ts";
import { readWhole } from "./ops/read-file.ts";
import { realpathOf } from "./ops/realpath.ts";
import { removeAt, rmdirAt, unlinkAt } from "./ops/remove.ts";
import { existsAt, statAt, statManyAt } from "./ops/stat.ts";
import { writeWhole } from "./ops/write-file.ts";
import { readMany } from "./reading/read-many.ts";
import { type FsSettings, fsSettings } from "./settings.ts";

export interface PondFileSystemSettings extends Partial<FsSettings> {
  /** Without any token. */
  readonly url: string;
}

export interface PondFileSystemDeps extends FileSystemDeps {
  /** Ends connections and the like, after all files are closed. */
  readonly onClose?: () => Promise<void>;
}

export class PondFileSystem implements FileSystem {
  readonly url: string;
  readonly #context: FsContext;
  readonly #onClose: () => Promise<void>;
  readonly #open: Set<PondFileHandle> = new Set();
  readonly #stop: AbortController = new AbortController();
  readonly #tasks: Tasks = new Tasks();
  #closed: Promise<void> | undefined;

  constructor(deps: PondFileSystemDeps, { url, ...changes }: PondFileSystemSettings) {
    const settings = fsSettings(changes);
    this.url = url;
    this.#onClose = deps.onClose ?? (async () => {});
    this.#context = {
      ...deps,
      settings,
      asking: new Asking(deps.clock),
      local: new LocalFiles(),
      dirty: new ByteBudget(settings.dirtyBytes),
      ahead: new ByteBudget(settings.readAheadBytesAll),
      inline: { bytesMax: WRITE_FILE_BYTES_MAX },
    };
    const { signal } = this.#stop;
    this.#tasks.spawn(() => keepFiles(this.#context, { signal }));
  }

  async open(path: string, flags: OpenFlags = "r", options: OpenOptions = {}): Promise<FileHandle> {
    const { file, writer } = await openFile(this.#here, path, flags, options);
    const onClosed = (closed: PondFileHandle): void => void this.#open.delete(closed);
    const handle = new PondFileHandle(this.#context, { file, writer, onClosed });
    this.#open.add(handle);
    // It was closed meanwhile, and waits for nobody who comes late.
    if (this.#closed !== undefined) {
      await handle.close().catch(() => {});
      throw closedFileSystem(this.url);
    }
    return handle;
  }

  async readMany(requests: readonly ReadRequest[], options: SignalOptions = {}): Promise<readonly number[]> {
    const context = this.#here;
    options.signal?.throwIfAborted();
    const tasks = requests.map(({ file, offset, into }) => {
      if (!(file instanceof PondFileHandle)) throw foreignHandle(file.path);
      return { file: file.openFor("read"), offset, into };
    });
    return readMany(context, tasks, { signal: options.signal });
  }

  async readFile(path: string, options: SignalOptions = {}): Promise<Uint8Array> {
    return readWhole(this.#here, path, options);
  }

  async writeFile(path: string, content: Uint8Array | string, options: WriteFileOptions = {}): Promise<void> {
    await writeWhole(this.#here, path, content, options);
  }

  async copy(from: string, to: string, options: CopyOptions = {}): Promise<void> {
    await copyFile(this.#here, from, to, options);
  }

  async stat(path: string, { signal }: SignalOptions = {}): Promise<FileStat> {
    return statAt(this.#here, "stat", path, { follow: true, signal });
  }

  async lstat(path: string, { signal }: SignalOptions = {}): Promise<FileStat> {
    return statAt(this.#here, "lstat", path, { follow: false, signal });
  }

  async statMany(
    paths: readonly string[],
    options: SignalOptions = {},
  ): Promise<readonly (FileStat | undefined)[]> {
    return statManyAt(this.#here, paths, options);
  }

  async exists(path: string, options: SignalOptions = {}): Promise<boolean> {
    return existsAt(this.#here, path, options);
  }

  readdir(path: string, options: SignalOptions = {}): AsyncIterable<DirectoryItem> {
    return list(this.#here, path, options);
  }

  async mkdir(
    path: string,
    options: SignalOptions & { readonly recursive?: boolean; readonly mode?: number } = {},
  ): Promise<void> {
    await names.mkdirAt(this.#here, path, options);
  }

  async rmdir(path: string, options: SignalOptions = {}): Promise<void> {
    await rmdirAt(this.#here, path, options);
  }

  async rm(path: string, options: RemoveOptions = {}): Promise<void> {
    await removeAt(this.#here, path, options);
  }

  async unlink(path: string, options: SignalOptions = {}): Promise<void> {
    await unlinkAt(this.#here, path, options);
  }

  async rename(from: string, to: string, options: RenameOptions = {}): Promise<void> {
    await names.renameAt(this.#here, from, to, options);
  }

  async link(existing: string, path: string, options: SignalOptions = {}): Promise<void> {
    await names.linkAt(this.#here, existing, path, options);
  }

  async symlink(target: string, path: string, options: SignalOptions = {}): Promise<void> {
    await names.symlinkAt(this.#here, target, path, options);
  }

  async readlink(path: string, options: SignalOptions = {}): Promise<string> {
    return names.readlinkAt(this.#here, path, options);
  }

  async realpath(path: string, options: SignalOptions = {}): Promise<string> {
    return realpathOf(this.#here, path, options);
  }

  async truncate(path: string, length: bigint, options: SignalOptions = {}): Promise<void> {
    await attributes.truncateAt(this.#here, path, length, options);
  }

  async chmod(path: string, mode: number, options: SignalOptions = {}): Promise<void> {
    await attributes.changeAt(this.#here, "chmod", path, { mode: mode & 0o7777 }, options);
  }

  async chown(
    path: string,
    { uid, gid }: { readonly uid?: number; readonly gid?: number },
    options: SignalOptions = {},
  ): Promise<void> {
    await attributes.changeAt(this.#here, "chown", path, { uid, gid }, options);
  }

  async utimes(
    path: string,
    { atimeNs, mtimeNs }: { readonly atimeNs?: bigint; readonly mtimeNs?: bigint },
    options: SignalOptions = {},
  ): Promise<void> {
    const { timeAt } = attributes;
    const changes = { atime: timeAt(atimeNs), mtime: timeAt(mtimeNs) };
    await attributes.changeAt(this.#here, "utimes", path, changes, options);
  }

  async getXattr(path: string, name: string, options: SignalOptions = {}): Promise<Uint8Array | undefined> {
    return attributes.getXattrAt(this.#here, path, name, options);
  }

  async setXattr(path: string, name: string, value: Uint8Array, options: SignalOptions = {}): Promise<void> {
    await attributes.setXattrAt(this.#here, path, { name, value }, options);
  }

  async removeXattr(path: string, name: string, options: SignalOptions = {}): Promise<void> {
    await attributes.removeXattrAt(this.#here, path, name, options);
  }

  async listXattrs(path: string, options: SignalOptions = {}): Promise<readonly string[]> {
    return attributes.listXattrsAt(this.#here, path, options);
  }

  async space(options: SignalOptions = {}): Promise<FileSystemSpace> {
    return attributes.spaceOf(this.#here, options);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What operations work with, while it is open. */
  get #here(): FsContext {
    if (this.#closed === undefined) return this.#context;
    throw closedFileSystem(this.url);
  }

  async #close(): Promise<void> {
    const outcomes = await Promise.allSettled([...this.#open].map((handle) => handle.close()));
    this.#stop.abort(new Error("the file system is closed"));
    await this.#tasks.idle();
    await this.#onClose();
    const failed = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    if (failed.length === 1) throw failed[0];
    if (failed.length > 1)
      throw new AggregateError(failed, `${failed.length} files were not closed as they should`);
  }
}

function closedFileSystem(url: string): PondError {
  return new PondError("FILE_SYSTEM_CLOSED", {
    kind: "closed",
    message: `the file system ${url} was closed`,
    hint: "connect again",
  });
}

function foreignHandle(path: string): PondError {
  return new PondError("FOREIGN_HANDLE", {
    kind: "invalid",
    message: `the file ${JSON.stringify(path)} was not opened by this file system`,
  });
}
