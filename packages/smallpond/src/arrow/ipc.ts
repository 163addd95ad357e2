/** Arrow's IPC formats, as bytes to be written when they come. */
import type { DuckDBResult } from "@duckdb/node-api";
import {
  AsyncByteQueue,
  type RecordBatch,
  RecordBatchFileWriter,
  RecordBatchStreamWriter,
  type RecordBatchWriter,
  type Schema,
} from "apache-arrow";
import { arrowSchemaOf } from "./arrow-types.ts";

export interface IpcOptions {
  /** The stream format, without the index at the end that lets readers begin anywhere. */
  readonly stream: boolean;
}

/** The bytes of one file, in order. What a call returns is the caller's. */
export class IpcFile {
  readonly #writer: RecordBatchWriter;
  readonly #bytes = new ByteList();

  constructor(schema: Schema, { stream }: IpcOptions) {
    this.#writer = stream ? new RecordBatchStreamWriter() : new RecordBatchFileWriter();
    this.#writer.reset(this.#bytes, schema);
  }

  /** A new file with the columns of a result. */
  static of(result: DuckDBResult, options: IpcOptions): IpcFile {
    return new IpcFile(arrowSchemaOf(result.columnNames(), result.columnTypes()), options);
  }

  add(batch: RecordBatch): Uint8Array[] {
    this.#writer.write(batch);
    return this.#bytes.take();
  }

  end(): Uint8Array[] {
    this.#writer.finish();
    return this.#bytes.take();
  }
}

/** apache-arrow's writers put bytes into a queue for somebody else to read; here they wait for the next look. */
class ByteList extends AsyncByteQueue {
  #chunks: Uint8Array[] = [];

  override write(value: ArrayBufferView): void {
    if (value.byteLength === 0) return;
    this.#chunks.push(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }

  take(): Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }
}
