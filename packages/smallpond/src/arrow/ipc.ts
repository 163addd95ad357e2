/** Arrow's IPC formats, as bytes to be written when they come. */
import type { DuckDBResult } from "@duckdb/node-api";
import { assert } from "@smallpond/base";
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
  readonly #result: DuckDBResult;
  #begun = false;

  constructor(result: DuckDBResult, { stream }: IpcOptions) {
    this.#result = result;
    this.#writer = stream ? new RecordBatchStreamWriter() : new RecordBatchFileWriter();
  }

  add(batch: RecordBatch): Uint8Array[] {
    this.#begin(batch.schema);
    this.#writer.write(batch);
    // At a batch of another schema the writer ends the file without a word.
    assert(!this.#bytes.ended, "all batches of a file have one schema");
    return this.#bytes.take();
  }

  end(): Uint8Array[] {
    this.#begin(arrowSchemaOf(this.#result.columnNames(), this.#result.columnTypes()));
    this.#writer.finish();
    return this.#bytes.take();
  }

  /** The batches' own schema comes first: in another one of the same columns the dictionaries have other numbers. */
  #begin(schema: Schema): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#writer.reset(this.#bytes, schema);
  }
}

/** apache-arrow's writers put bytes into a queue for somebody else to read; here they wait for the next look. */
class ByteList extends AsyncByteQueue {
  #chunks: Uint8Array[] = [];
  ended = false;

  override write(value: ArrayBufferView): void {
    if (value.byteLength === 0) return;
    this.#chunks.push(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }

  override close(): void {
    this.ended = true;
    super.close();
  }

  take(): Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }
}
