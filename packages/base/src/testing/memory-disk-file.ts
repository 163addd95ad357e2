/** An open file of a `MemoryDisk`. */
import { assert, assertSafeInteger } from "../assert.ts";
import { type DiskErrorDetails, type DiskFile, diskError, type OpenOptions } from "../disk.ts";
import type { FileNode } from "./memory-disk-tree.ts";

/** What an open file needs from its disk. */
export interface FileHost {
  /** Fails the call if a fault is planned for it. */
  enter(details: DiskErrorDetails): void;
  /** Sets the file's size, accounting for space; new bytes are zeros. */
  resize(node: FileNode, size: number, details: DiskErrorDetails): void;
  /** Marks the contents as changed. */
  touch(node: FileNode): void;
  /** The file is no longer open here. */
  release(node: FileNode): void;
}

export class MemoryDiskFile implements DiskFile {
  readonly path: string;
  readonly #host: FileHost;
  readonly #node: FileNode;
  readonly #options: OpenOptions;
  #closed = false;

  constructor(
    host: FileHost,
    file: { readonly path: string; readonly node: FileNode; readonly options: OpenOptions },
  ) {
    this.path = file.path;
    this.#host = host;
    this.#node = file.node;
    this.#options = file.options;
  }

  async readAt(buffer: Uint8Array, position: number): Promise<number> {
    assertPosition(position);
    this.#enter("readAt", "read");
    const part = this.#node.bytes.subarray(position, Math.min(this.#node.size, position + buffer.length));
    buffer.set(part);
    return part.length;
  }

  async writeAt(buffer: Uint8Array, position: number): Promise<void> {
    assertPosition(position);
    const details = this.#enter("writeAt", "write");
    if (buffer.length === 0) return;
    const end = position + buffer.length;
    if (end > this.#node.size) this.#host.resize(this.#node, end, details);
    this.#node.bytes.set(buffer, position);
    this.#host.touch(this.#node);
  }

  async size(): Promise<number> {
    this.#enter("size");
    return this.#node.size;
  }

  async truncate(size: number): Promise<void> {
    assertPosition(size);
    const details = this.#enter("truncate", "write");
    this.#host.resize(this.#node, size, details);
    this.#host.touch(this.#node);
  }

  async punchHole(position: number, bytes: number): Promise<void> {
    assertPosition(position);
    this.#enter("punchHole", "write");
    this.#node.bytes.fill(0, position, Math.min(this.#node.size, position + bytes));
    this.#host.touch(this.#node);
  }

  async sync(): Promise<void> {
    this.#enter("sync");
  }

  async datasync(): Promise<void> {
    this.#enter("datasync");
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#host.release(this.#node);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #enter(operation: string, needs?: "read" | "write"): DiskErrorDetails {
    const details = { operation, path: this.path };
    if (this.#closed) throw diskError("EBADF", details);
    if (needs !== undefined && this.#options[needs] !== true) throw diskError("EBADF", details);
    this.#host.enter(details);
    return details;
  }
}

function assertPosition(position: number): void {
  assertSafeInteger(position, "position");
  assert(position >= 0, `position must not be negative, got ${position}`);
}
