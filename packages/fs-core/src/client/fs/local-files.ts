/** Which files this client has open, so that its own handles see each other's bytes at once. */
import type { InodeId } from "../../ids.ts";
import type { ByteRange } from "./range.ts";

export interface LocalFile {
  readonly inode: InodeId;
  /** What is known of the file, or was read ahead, is not believed any more. */
  forget(): void;
  readonly writer: LocalWriter | undefined;
}

export interface LocalWriter {
  readonly isDirty: boolean;
  /** Sends what it has gathered there, everywhere without a range, and waits for it. Rejects with what went wrong. */
  flushed(range?: ByteRange): Promise<void>;
  /** Begins to send all that it has gathered, and waits for nothing. */
  send(): void;
  /** Called every now and then. */
  tick(nowMs: number): void;
}

export class LocalFiles {
  readonly #files: Map<InodeId, Set<LocalFile>> = new Map();

  add(file: LocalFile): void {
    const files = this.#files.get(file.inode) ?? new Set();
    this.#files.set(file.inode, files.add(file));
    // Who reads the file from now on may see what is written.
    if (file.writer !== undefined) this.forget(file.inode);
  }

  remove(file: LocalFile): void {
    const files = this.#files.get(file.inode);
    files?.delete(file);
    if (files?.size === 0) this.#files.delete(file.inode);
    if (file.writer !== undefined) this.forget(file.inode);
  }

  isWritten(inode: InodeId): boolean {
    return this.#writers(inode).length > 0;
  }

  isDirty(inode: InodeId): boolean {
    return this.#writers(inode).some((writer) => writer.isDirty);
  }

  async flushed(inode: InodeId, range?: ByteRange): Promise<void> {
    const writers = this.#writers(inode).filter((writer) => writer.isDirty);
    await Promise.all(writers.map((writer) => writer.flushed(range)));
  }

  forget(inode: InodeId): void {
    for (const file of this.#files.get(inode) ?? []) file.forget();
  }

  /** There is no room for more bytes: everybody sends what they have. */
  sendAll(): void {
    for (const writer of this.#all()) writer.send();
  }

  tick(nowMs: number): void {
    for (const writer of this.#all()) writer.tick(nowMs);
  }

  #all(): readonly LocalWriter[] {
    return [...this.#files.keys()].flatMap((inode) => this.#writers(inode));
  }

  #writers(inode: InodeId): readonly LocalWriter[] {
    return [...(this.#files.get(inode) ?? [])].flatMap(({ writer }) =>
      writer === undefined ? [] : [writer],
    );
  }
}
