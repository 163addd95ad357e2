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
  readonly isAppend: boolean;
  /** Bytes are gathered or under way. */
  readonly isDirty: boolean;
  /** Metadata does not know of all that was written. */
  readonly isUntold: boolean;
  /** Sends what it has gathered there, everywhere without a range, and waits for it. Rejects with what went wrong. */
  flushed(range?: ByteRange): Promise<void>;
  /** The same, and tells metadata. What goes wrong is kept for whoever wrote it. */
  told(): Promise<void>;
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

  /** What other handles wrote there, or to the end, comes before what this one is about to write. */
  async othersFlushed(inode: InodeId, writer: LocalWriter, range: ByteRange): Promise<void> {
    const others = this.#writers(inode).filter((other) => other !== writer && other.isDirty);
    // What goes wrong is told to whoever wrote it.
    const flushed = others.map((other) => other.flushed(other.isAppend ? undefined : range).catch(() => {}));
    if (flushed.length > 0) await Promise.all(flushed);
  }

  /** What other handles appended comes before what this one is about to append. */
  async othersAppended(inode: InodeId, writer: LocalWriter): Promise<void> {
    const others = this.#writers(inode).filter(
      (other) => other !== writer && other.isAppend && other.isDirty,
    );
    if (others.length > 0) await Promise.all(others.map((other) => other.flushed().catch(() => {})));
  }

  /** What was written at offsets comes before the end of the file. */
  async placedFlushed(inode: InodeId): Promise<void> {
    const writers = this.#writers(inode).filter((writer) => writer.isDirty && !writer.isAppend);
    await Promise.all(writers.map((writer) => writer.flushed().catch(() => {})));
  }

  /** Files of which this client knows more than metadata. Asked before a question, it says whether the answer is whole. */
  untold(): ReadonlySet<InodeId> {
    return new Set(
      [...this.#files.keys()].filter((inode) => this.#writers(inode).some((each) => each.isUntold)),
    );
  }

  /** Whether anything was told: then metadata knows more than before. */
  async told(inode: InodeId): Promise<boolean> {
    const writers = this.#writers(inode).filter((writer) => writer.isUntold);
    await Promise.all(writers.map((writer) => writer.told()));
    return writers.length > 0;
  }

  get isAnyDirty(): boolean {
    return this.#all().some((writer) => writer.isDirty);
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
