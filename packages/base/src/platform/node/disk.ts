/** The machine's file systems. */
import { constants } from "node:fs";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, parse, resolve } from "node:path";
import { assert } from "../../assert.ts";
import {
  assertOpenOptions,
  type DirectoryEntry,
  type Disk,
  type DiskFile,
  type DiskStat,
  type EntryType,
  type FromTo,
  type OpenOptions,
  type TempDirectory,
  type WriteFileOptions,
} from "../../disk.ts";
import { attempt } from "./disk-errors.ts";
import { NodeDiskFile } from "./disk-file.ts";

export class NodeDisk implements Disk {
  async open(path: string, options: OpenOptions): Promise<DiskFile> {
    const handle = await attempt({ operation: "open", path }, () => fs.open(path, openFlags(options)));
    return new NodeDiskFile(path, handle);
  }

  async readFile(path: string): Promise<Uint8Array> {
    const bytes = await attempt({ operation: "readFile", path }, () => fs.readFile(path));
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  async writeFile(path: string, data: Uint8Array | string, options: WriteFileOptions = {}): Promise<void> {
    await attempt({ operation: "writeFile", path }, () =>
      fs.writeFile(path, data, { flag: options.exclusive ? "wx" : "w", flush: options.sync ?? false }),
    );
  }

  async copyFile(paths: FromTo, options: WriteFileOptions = {}): Promise<void> {
    const { from, to } = paths;
    // A reflink costs no space where the file system has them, and falls back to copying where not.
    const mode = constants.COPYFILE_FICLONE | (options.exclusive ? constants.COPYFILE_EXCL : 0);
    await attempt({ operation: "copyFile", path: from, to }, async () => {
      await fs.copyFile(from, to, mode);
      if (options.sync) await syncPath(to);
    });
  }

  async rename(paths: FromTo): Promise<void> {
    const { from, to } = paths;
    await attempt({ operation: "rename", path: from, to }, () => fs.rename(from, to));
  }

  async link(paths: FromTo): Promise<void> {
    const { from, to } = paths;
    await attempt({ operation: "link", path: from, to }, () => fs.link(from, to));
  }

  async unlink(path: string): Promise<void> {
    await attempt({ operation: "unlink", path }, () => fs.unlink(path));
  }

  async mkdir(path: string, options: { readonly recursive?: boolean } = {}): Promise<void> {
    await attempt({ operation: "mkdir", path }, () =>
      options.recursive ? makeDirectories(path) : fs.mkdir(path),
    );
  }

  async readdir(path: string): Promise<readonly DirectoryEntry[]> {
    const entries = await attempt({ operation: "readdir", path }, () =>
      fs.readdir(path, { withFileTypes: true }),
    );
    return entries
      .map((entry) => ({ name: entry.name, type: entryType(entry) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async stat(path: string): Promise<DiskStat> {
    const stat = await attempt({ operation: "stat", path }, () => fs.stat(path, { bigint: true }));
    return {
      size: Number(stat.size),
      mtimeNs: stat.mtimeNs,
      ctimeNs: stat.ctimeNs,
      inode: stat.ino,
      device: stat.dev,
      isFile: stat.isFile(),
      isDirectory: stat.isDirectory(),
    };
  }

  async realPath(path: string): Promise<string> {
    return await attempt({ operation: "realPath", path }, () => fs.realpath(path));
  }

  async exists(path: string): Promise<boolean> {
    return await attempt({ operation: "exists", path }, () =>
      fs.stat(path).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === "ENOENT" || error.code === "ENOTDIR") return false;
          throw error;
        },
      ),
    );
  }

  async removeTree(path: string): Promise<void> {
    const whole = resolve(path);
    assert(whole !== parse(whole).root, "removeTree must not be given the root of a file system");
    await attempt({ operation: "removeTree", path }, () => fs.rm(path, { recursive: true, force: true }));
  }

  async syncDirectory(path: string): Promise<void> {
    await attempt({ operation: "syncDirectory", path }, () => syncPath(path));
  }

  async freeBytes(path: string): Promise<number> {
    const stat = await attempt({ operation: "freeBytes", path }, () => fs.statfs(path, { bigint: true }));
    return Number(stat.bavail * stat.bsize);
  }

  async tempDirectory(
    options: { readonly parent?: string; readonly prefix?: string } = {},
  ): Promise<TempDirectory> {
    const stem = join(options.parent ?? tmpdir(), options.prefix ?? "smallpond-");
    const path = await attempt({ operation: "tempDirectory", path: stem }, () => fs.mkdtemp(stem));
    return { path, [Symbol.asyncDispose]: () => this.removeTree(path) };
  }
}

/**
 * Not Node's own `recursive`: where a file system says ENOENT although the parent exists (`/proc`, `/sys`), that never
 * ends and keeps a core busy for good.
 */
async function makeDirectories(path: string): Promise<void> {
  try {
    await fs.mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await fs.stat(path)).isDirectory()) return;
    const parent = dirname(path);
    if (code !== "ENOENT" || parent === path) throw error;
    await makeDirectories(parent);
    await fs.mkdir(path).catch(async (again: NodeJS.ErrnoException) => {
      // Somebody else made it in between.
      if (again.code !== "EEXIST" || !(await fs.stat(path)).isDirectory()) throw again;
    });
  }
}

function openFlags(options: OpenOptions): number {
  const { read = false, write = false, create = false, exclusive = false, truncate = false } = options;
  assertOpenOptions(options);
  const access = read && write ? constants.O_RDWR : write ? constants.O_WRONLY : constants.O_RDONLY;
  return (
    access |
    (create ? constants.O_CREAT : 0) |
    (exclusive ? constants.O_EXCL : 0) |
    (truncate ? constants.O_TRUNC : 0)
  );
}

async function syncPath(path: string): Promise<void> {
  const handle = await fs.open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function entryType(entry: {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}): EntryType {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "directory";
  return entry.isSymbolicLink() ? "symlink" : "other";
}
