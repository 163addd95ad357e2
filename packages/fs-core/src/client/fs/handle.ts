/** An open file as users hold it. What it does is done elsewhere: reads in `reading`, writes in `writing`. */
import type { Readable, Writable } from "node:stream";
import type { ReadableStream, WritableStream } from "node:stream/web";
import type { SignalOptions } from "@smallpond/base";
import { META } from "../../cluster/meta-methods.ts";
import { fsError } from "../../meta/model/errors.ts";
import type { FileHandle, FileStat } from "../file-system.ts";
import { unlessAborted } from "./abort.ts";
import type { FsContext } from "./context.ts";
import type { LocalFile } from "./local-files.ts";
import { about } from "./naming.ts";
import type { OpenFile } from "./open-file.ts";
import { bytesIn } from "./pieces.ts";
import { checkLength } from "./range.ts";
import { ReadAhead } from "./reading/read-ahead.ts";
import { checkRead, type ReadTask, readMany } from "./reading/read-many.ts";
import { statOf } from "./stat-of.ts";
import { nodeReadable, nodeWritable } from "./streams/node-streams.ts";
import { type BlockRange, readBlocks } from "./streams/read-blocks.ts";
import { webReadable, webWritable } from "./streams/web-streams.ts";
import type { FileWriter } from "./writing/file-writer.ts";

export interface HandleParts {
  readonly file: OpenFile;
  /** Of a file that is open to write. */
  readonly writer: FileWriter | undefined;
  readonly onClosed: (handle: PondFileHandle) => void;
}

export class PondFileHandle implements FileHandle {
  readonly path: string;
  readonly inode: OpenFile["inode"];
  readonly #context: FsContext;
  readonly #file: OpenFile;
  readonly #writer: FileWriter | undefined;
  readonly #local: LocalFile;
  readonly #ahead: ReadAhead | undefined;
  readonly #onClosed: (handle: PondFileHandle) => void;
  #closed: Promise<void> | undefined;

  constructor(context: FsContext, { file, writer, onClosed }: HandleParts) {
    this.#context = context;
    this.#file = file;
    this.#writer = writer;
    this.#onClosed = onClosed;
    this.path = file.path;
    this.inode = file.inode;
    // Who writes sees the own bytes at once: nothing is kept beside them.
    this.#ahead = writer === undefined ? new ReadAhead(context, file) : undefined;
    const forget = (): void => {
      file.forget();
      this.#ahead?.drop();
    };
    this.#local = { inode: file.inode, writer: undefined, forget };
    context.local.add(this.#local);
  }

  read(into: Uint8Array, at: { readonly offset: bigint } & SignalOptions): Promise<number> {
    return this.readv([into], at);
  }

  async readv(
    into: readonly Uint8Array[],
    { offset, signal }: { readonly offset: bigint } & SignalOptions,
  ): Promise<number> {
    const file = this.openFor("read");
    signal?.throwIfAborted();
    checkRead(file, offset);
    const tasks: ReadTask[] = [];
    let at = offset;
    let ready = 0;
    for (const view of into) {
      const isNext = tasks.length === 0 && view.length > 0;
      const count = isNext ? await this.#fromAhead(at, view, { signal }) : 0;
      ready += count;
      const start = at + BigInt(count);
      if (count < view.length) tasks.push({ file, offset: start, into: view.subarray(count) });
      at += BigInt(view.length);
    }
    return ready + (await this.#readOn(tasks, { signal }));
  }

  write(bytes: Uint8Array, at: { readonly offset?: bigint } & SignalOptions = {}): Promise<void> {
    return this.writev([bytes], at);
  }

  async writev(
    bytes: readonly Uint8Array[],
    { offset, signal }: { readonly offset?: bigint } & SignalOptions = {},
  ): Promise<void> {
    const writer = this.#writing("write");
    await writer.write(bytes, offset, { signal });
  }

  async truncate(length: bigint, { signal }: SignalOptions = {}): Promise<void> {
    const writer = this.#writing("truncate");
    checkLength(length, this.path);
    signal?.throwIfAborted();
    // Other handles of this client first, as their bytes would come after it. They are told what goes wrong.
    await unlessAborted(
      this.#context.local.flushed(this.inode).catch(() => {}),
      signal,
    );
    await unlessAborted(writer.truncate(length), signal);
    this.#context.local.forget(this.inode);
  }

  async sync({ signal }: SignalOptions = {}): Promise<void> {
    this.openFor("sync");
    signal?.throwIfAborted();
    if (this.#writer !== undefined) await unlessAborted(this.#writer.sync(), signal);
  }

  async stat({ signal }: SignalOptions = {}): Promise<FileStat> {
    const { inode } = this.openFor("stat");
    return about("stat", this.path, async () => {
      const { local, meta } = this.#context;
      await unlessAborted(local.told(inode), signal);
      return statOf((await meta.ask(META.stat, { inode }, { signal })).inode);
    });
  }

  readable(range: BlockRange = {}): Readable {
    return nodeReadable(this.#blocks(range), this.#context.settings.streamBlockBytes);
  }

  readableWeb(range: BlockRange = {}): ReadableStream<Uint8Array> {
    return webReadable(this.#blocks(range));
  }

  writable(options: { readonly start?: bigint } & SignalOptions = {}): Writable {
    return nodeWritable(this, options, this.#context.settings.streamBlockBytes);
  }

  writableWeb(options: { readonly start?: bigint } & SignalOptions = {}): WritableStream<Uint8Array> {
    return webWritable(this, options);
  }

  async close({ signal }: SignalOptions = {}): Promise<void> {
    this.#closed ??= this.#close();
    await unlessAborted(this.#closed, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What reading stands on; `EBADF` once the handle is closed. */
  openFor(operation: string): OpenFile {
    if (this.#closed === undefined) return this.#file;
    throw fsError("EBADF", operation, this.path, { reason: "the file was closed" });
  }

  #writing(operation: string): FileWriter {
    this.openFor(operation);
    if (this.#writer !== undefined) return this.#writer;
    throw fsError("EBADF", operation, this.path, {
      reason: "it is open to be read only",
      hint: "open it with another flag, such as r+ or w",
    });
  }

  /** What follows one another, up to the first that the file's end cuts short. */
  async #readOn(tasks: readonly ReadTask[], options: SignalOptions): Promise<number> {
    if (tasks.length === 0) return 0;
    const counts = await readMany(this.#context, tasks, options);
    let total = 0;
    for (const [index, count] of counts.entries()) {
      total += count;
      if (count < bytesIn(tasks[index]!.into)) break;
    }
    return total;
  }

  async #fromAhead(offset: bigint, view: Uint8Array, options: SignalOptions): Promise<number> {
    return this.#ahead === undefined || offset > this.#file.view.file.length
      ? 0
      : this.#ahead.take(Number(offset), view, options);
  }

  #blocks(range: BlockRange): AsyncGenerator<Uint8Array, void, void> {
    return readBlocks(this.#context, () => this.openFor("read"), range);
  }

  async #close(): Promise<void> {
    this.#ahead?.drop();
    try {
      await this.#writer?.close();
    } finally {
      this.#context.local.remove(this.#local);
      this.#onClosed(this);
    }
  }
}
