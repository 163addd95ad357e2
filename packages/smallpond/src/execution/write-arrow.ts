/** Writes a query's rows as Arrow IPC, a batch at a time: DuckDB has no such writer of its own. */
import { concatBytes, type Disk, type DiskFile } from "@smallpond/base";
import type { RecordBatch } from "apache-arrow";
import type { IpcFile } from "../arrow/ipc.ts";
import { loadArrow } from "../arrow/lazy.ts";
import { type ArrowFormat, extensionOf } from "../dataset/file-format.ts";
import { writingError } from "../dataset/sink-errors.ts";
import type { RunContext } from "./run-task.ts";
import type { Output, WrittenFile } from "./task.ts";

export async function writeArrow(
  context: RunContext,
  query: string,
  output: Output,
  format: ArrowFormat,
): Promise<WrittenFile[]> {
  const { connection, disk, signal } = context;
  const { recordBatches, ipcFile } = await loadArrow();
  const result = await connection.stream(query, { signal });
  const done: WrittenFile[] = [];
  const open = async (): Promise<ArrowFile> => {
    const end = output.fileSizeBytes === null ? "" : `-${done.length}`;
    const path = `${output.directory}/${output.name}${end}.${extensionOf(format)}`;
    return new ArrowFile(await openNew(disk, path), ipcFile(result, format));
  };
  let file = await open();
  try {
    for await (const batch of recordBatches(result, { batchRows: format.batchRows })) {
      signal?.throwIfAborted();
      if (output.fileSizeBytes !== null && file.rows > 0 && file.bytes >= output.fileSizeBytes) {
        done.push(await file.end());
        file = await open();
      }
      await file.add(batch);
    }
    done.push(await file.end());
  } catch (error) {
    throw writingError(error, output.directory);
  } finally {
    await file.close();
  }
  return done;
}

class ArrowFile {
  readonly #file: DiskFile;
  readonly #ipc: IpcFile;
  rows = 0;
  bytes = 0;

  constructor(file: DiskFile, ipc: IpcFile) {
    this.#file = file;
    this.#ipc = ipc;
  }

  async add(batch: RecordBatch): Promise<void> {
    await this.#write(this.#ipc.add(batch));
    this.rows += batch.numRows;
  }

  async end(): Promise<WrittenFile> {
    await this.#write(this.#ipc.end());
    await this.close();
    return { path: this.#file.path, rows: this.rows, bytes: this.bytes, partition: null };
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** Small buffers go out together: a call for each would cost more than its bytes. */
  async #write(chunks: readonly Uint8Array[]): Promise<void> {
    let small: Uint8Array[] = [];
    const flush = async (): Promise<void> => {
      if (small.length > 0) await this.#put(concatBytes(small));
      small = [];
    };
    for (const chunk of chunks) {
      if (chunk.length < SMALL_BYTES) {
        small.push(chunk);
        continue;
      }
      await flush();
      await this.#put(chunk);
    }
    await flush();
  }

  async #put(bytes: Uint8Array): Promise<void> {
    await this.#file.writeAt(bytes, this.bytes);
    this.bytes += bytes.length;
  }
}

const SMALL_BYTES = 65_536;

function openNew(disk: Disk, path: string): Promise<DiskFile> {
  return disk.open(path, { write: true, create: true, exclusive: true });
}
