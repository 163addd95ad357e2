/** A disk in memory: one tree per instance, exact about errors, forgetful when dropped. */
import {
  assertOpenOptions,
  type DirectoryEntry,
  type Disk,
  type DiskErrorCode,
  type DiskErrorDetails,
  type DiskFile,
  type DiskStat,
  diskError,
  type FromTo,
  type OpenOptions,
  type TempDirectory,
  type WriteFileOptions,
} from "../disk.ts";
import { type FileHost, MemoryDiskFile } from "./memory-disk-file.ts";
import {
  type DirectoryNode,
  type FileNode,
  find,
  findSlot,
  type Node,
  refuseRename,
  type Slot,
  splitPath,
} from "./memory-disk-tree.ts";

/** Decides before each call whether it fails, and with what. */
export type DiskFault = (call: DiskErrorDetails) => DiskErrorCode | undefined;

export interface MemoryDiskSettings {
  /** Bytes of file contents that fit before writes fail with `ENOSPC`. */
  readonly capacityBytes?: number;
}

/**
 * Follows POSIX, without symbolic links, permissions and a current directory (relative paths start at the root, and
 * `/tmp` exists). Times are a counter, so that every change is told apart and every run sees the same. There is no
 * power cut here: what was written is there.
 */
export class MemoryDisk implements Disk {
  readonly #capacityBytes: number;
  readonly #root: DirectoryNode;
  #fault: DiskFault = () => undefined;
  #usedBytes = 0;
  #ticks = 0n;
  #inodes = 0n;
  #tempCount = 0;

  constructor(settings: MemoryDiskSettings = {}) {
    this.#capacityBytes = settings.capacityBytes ?? 2 ** 30;
    this.#root = this.#newDirectory();
    this.#root.entries.set("tmp", this.#newDirectory());
  }

  /** Replaces the rule that makes calls fail. `() => undefined` heals the disk. */
  setFault(fault: DiskFault): void {
    this.#fault = fault;
  }

  async open(path: string, options: OpenOptions): Promise<DiskFile> {
    assertOpenOptions(options);
    const details = this.#enter({ operation: "open", path });
    return this.#open(path, options, details);
  }

  async readFile(path: string): Promise<Uint8Array> {
    const details = this.#enter({ operation: "readFile", path });
    const node = this.#file(path, details);
    return node.bytes.slice(0, node.size);
  }

  async writeFile(path: string, data: Uint8Array | string, options: WriteFileOptions = {}): Promise<void> {
    const details = this.#enter({ operation: "writeFile", path });
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    this.#write(path, { bytes, exclusive: options.exclusive ?? false, details });
  }

  async copyFile(paths: FromTo, options: WriteFileOptions = {}): Promise<void> {
    const details = this.#enter({ operation: "copyFile", path: paths.from, to: paths.to });
    const source = this.#file(paths.from, details);
    const bytes = source.bytes.slice(0, source.size);
    this.#write(paths.to, { bytes, exclusive: options.exclusive ?? false, details });
  }

  async rename(paths: FromTo): Promise<void> {
    const details = this.#enter({ operation: "rename", path: paths.from, to: paths.to });
    const from = findSlot(this.#root, paths.from, details);
    const to = findSlot(this.#root, paths.to, details);
    const refusal = refuseRename(from, to);
    if (refusal !== undefined) throw diskError(refusal, details);
    if (from.node === undefined || from.node === to.node) return;
    if (to.node !== undefined) this.#removeEntry(to);
    from.parent.entries.delete(from.name);
    to.parent.entries.set(to.name, from.node);
    from.node.ctimeNs = this.#tick();
    this.#touchDirectories(from.parent, to.parent);
  }

  async link(paths: FromTo): Promise<void> {
    const details = this.#enter({ operation: "link", path: paths.from, to: paths.to });
    const node = this.#node(paths.from, details);
    if (node.kind === "directory") throw diskError("EPERM", details);
    const to = findSlot(this.#root, paths.to, details);
    if (to.node !== undefined) throw diskError("EEXIST", details);
    to.parent.entries.set(to.name, node);
    node.linkCount += 1;
    node.ctimeNs = this.#tick();
    this.#touchDirectories(to.parent);
  }

  async unlink(path: string): Promise<void> {
    const details = this.#enter({ operation: "unlink", path });
    const slot = findSlot(this.#root, path, details);
    if (slot.node === undefined) throw diskError("ENOENT", details);
    if (slot.node.kind === "directory") throw diskError("EISDIR", details);
    this.#removeEntry(slot);
  }

  async mkdir(path: string, options: { readonly recursive?: boolean } = {}): Promise<void> {
    const details = this.#enter({ operation: "mkdir", path });
    if (options.recursive) this.#makeDirectories(path, details);
    else this.#makeDirectory(path, details);
  }

  async readdir(path: string): Promise<readonly DirectoryEntry[]> {
    const details = this.#enter({ operation: "readdir", path });
    const node = this.#node(path, details);
    if (node.kind === "file") throw diskError("ENOTDIR", details);
    return [...node.entries]
      .map(([name, entry]) => ({ name, type: entry.kind }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async stat(path: string): Promise<DiskStat> {
    const details = this.#enter({ operation: "stat", path });
    const node = this.#node(path, details);
    return {
      size: node.kind === "file" ? node.size : 0,
      mtimeNs: node.mtimeNs,
      ctimeNs: node.ctimeNs,
      inode: node.inode,
      device: 1n,
      isFile: node.kind === "file",
      isDirectory: node.kind === "directory",
    };
  }

  async realPath(path: string): Promise<string> {
    const details = this.#enter({ operation: "realPath", path });
    this.#node(path, details);
    return `/${splitPath(path).join("/")}`;
  }

  async exists(path: string): Promise<boolean> {
    this.#enter({ operation: "exists", path });
    return typeof find(this.#root, path) !== "string";
  }

  async removeTree(path: string): Promise<void> {
    const details = this.#enter({ operation: "removeTree", path });
    if (find(this.#root, path) === "ENOENT") return;
    const slot = findSlot(this.#root, path, details);
    if (slot.node !== undefined) this.#removeEntry(slot);
  }

  async syncDirectory(path: string): Promise<void> {
    const details = this.#enter({ operation: "syncDirectory", path });
    this.#node(path, details);
  }

  async freeBytes(path: string): Promise<number> {
    const details = this.#enter({ operation: "freeBytes", path });
    this.#node(path, details);
    return this.#capacityBytes - this.#usedBytes;
  }

  async tempDirectory(
    options: { readonly parent?: string; readonly prefix?: string } = {},
  ): Promise<TempDirectory> {
    const stem = `${options.parent ?? "/tmp"}/${options.prefix ?? "smallpond-"}`;
    const details = this.#enter({ operation: "tempDirectory", path: stem });
    let path: string;
    do path = `${stem}${(this.#tempCount++).toString(36).padStart(6, "0")}`;
    while (typeof find(this.#root, path) !== "string");
    this.#makeDirectory(path, details);
    return { path, [Symbol.asyncDispose]: () => this.removeTree(path) };
  }

  #enter(details: DiskErrorDetails): DiskErrorDetails {
    const code = this.#fault(details);
    if (code !== undefined) throw diskError(code, details);
    return details;
  }

  #node(path: string, details: DiskErrorDetails): Node {
    const node = find(this.#root, path);
    if (typeof node === "string") throw diskError(node, details);
    return node;
  }

  #file(path: string, details: DiskErrorDetails): FileNode {
    const node = this.#node(path, details);
    if (node.kind === "directory") throw diskError("EISDIR", details);
    return node;
  }

  #open(path: string, options: OpenOptions, details: DiskErrorDetails): DiskFile {
    const node = options.create
      ? this.#createFile(path, options.exclusive ?? false, details)
      : this.#file(path, details);
    if (options.truncate) this.#resize(node, 0, details);
    node.openCount += 1;
    return new MemoryDiskFile(this.#fileHost, { path, node, options });
  }

  /** The file at `path`, made empty if it is missing. */
  #createFile(path: string, exclusive: boolean, details: DiskErrorDetails): FileNode {
    if (splitPath(path).length === 0) throw diskError("EISDIR", details);
    const slot = findSlot(this.#root, path, details);
    if (slot.node !== undefined && exclusive) throw diskError("EEXIST", details);
    if (slot.node?.kind === "directory") throw diskError("EISDIR", details);
    if (slot.node !== undefined) return slot.node;
    const node = this.#newFile();
    slot.parent.entries.set(slot.name, node);
    this.#touchDirectories(slot.parent);
    return node;
  }

  #write(
    path: string,
    file: { readonly bytes: Uint8Array; readonly exclusive: boolean; readonly details: DiskErrorDetails },
  ): void {
    const node = this.#createFile(path, file.exclusive, file.details);
    this.#resize(node, 0, file.details);
    this.#resize(node, file.bytes.length, file.details);
    node.bytes.set(file.bytes);
    this.#touch(node);
  }

  #makeDirectory(path: string, details: DiskErrorDetails): void {
    if (splitPath(path).length === 0) throw diskError("EEXIST", details);
    const slot = findSlot(this.#root, path, details);
    if (slot.node !== undefined) throw diskError("EEXIST", details);
    slot.parent.entries.set(slot.name, this.#newDirectory());
    this.#touchDirectories(slot.parent);
  }

  #makeDirectories(path: string, details: DiskErrorDetails): void {
    const parts = splitPath(path);
    let parent = this.#root;
    for (const [index, name] of parts.entries()) {
      const node = parent.entries.get(name) ?? this.#newDirectory();
      if (node.kind === "file") throw diskError(index === parts.length - 1 ? "EEXIST" : "ENOTDIR", details);
      if (!parent.entries.has(name)) this.#touchDirectories(parent);
      parent.entries.set(name, node);
      parent = node;
    }
  }

  #removeEntry(slot: Slot): void {
    slot.parent.entries.delete(slot.name);
    this.#touchDirectories(slot.parent);
    if (slot.node !== undefined) this.#forget(slot.node);
  }

  /** Space comes back when a file's last name is gone and nobody has it open. */
  #forget(node: Node): void {
    if (node.kind === "directory") {
      for (const entry of node.entries.values()) this.#forget(entry);
      return;
    }
    node.linkCount -= 1;
    node.ctimeNs = this.#tick();
    this.#reclaim(node);
  }

  #reclaim(node: FileNode): void {
    if (node.linkCount === 0 && node.openCount === 0) this.#usedBytes -= node.size;
  }

  #resize(node: FileNode, size: number, details: DiskErrorDetails): void {
    const usedBytes = this.#usedBytes - node.size + size;
    if (size > node.size && usedBytes > this.#capacityBytes) throw diskError("ENOSPC", details);
    if (size > node.bytes.length) {
      const grown = new Uint8Array(Math.max(size, Math.min(node.bytes.length * 2, this.#capacityBytes)));
      grown.set(node.bytes.subarray(0, node.size));
      node.bytes = grown;
    }
    // Bytes behind the end must be zeros, or extending the file would bring back what was cut off.
    if (size < node.size) node.bytes.fill(0, size, node.size);
    this.#usedBytes = usedBytes;
    node.size = size;
  }

  #touch(node: FileNode): void {
    node.mtimeNs = this.#tick();
    node.ctimeNs = node.mtimeNs;
  }

  #touchDirectories(...directories: readonly DirectoryNode[]): void {
    for (const directory of directories) {
      directory.mtimeNs = this.#tick();
      directory.ctimeNs = directory.mtimeNs;
    }
  }

  readonly #fileHost: FileHost = {
    enter: (details) => void this.#enter(details),
    resize: (node, size, details) => this.#resize(node, size, details),
    touch: (node) => this.#touch(node),
    release: (node) => {
      node.openCount -= 1;
      this.#reclaim(node);
    },
  };

  #newFile(): FileNode {
    const now = this.#tick();
    const counts = { size: 0, linkCount: 1, openCount: 0 };
    return {
      kind: "file",
      inode: ++this.#inodes,
      bytes: new Uint8Array(0),
      ...counts,
      mtimeNs: now,
      ctimeNs: now,
    };
  }

  #newDirectory(): DirectoryNode {
    const now = this.#tick();
    return { kind: "directory", inode: ++this.#inodes, entries: new Map(), mtimeNs: now, ctimeNs: now };
  }

  #tick(): bigint {
    this.#ticks += 1n;
    return this.#ticks;
  }
}
