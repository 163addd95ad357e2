/** lmdb alone: no transactions of ours, no epochs, one request after another, each batch durable when it returns. */
import { mkdir } from "node:fs/promises";
import { open, type RootDatabase } from "lmdb";
import type { StoreRequest } from "./recording-store.ts";

/** Address space; as much of it is used as there are rows. */
const MAP_BYTES = 64 * 2 ** 30;

export class BareStore {
  readonly #database: RootDatabase<Buffer, Buffer>;

  private constructor(database: RootDatabase<Buffer, Buffer>) {
    this.#database = database;
  }

  static async open(directory: string): Promise<BareStore> {
    await mkdir(directory, { recursive: true });
    return new BareStore(
      open<Buffer, Buffer>({
        path: directory,
        keyEncoding: "binary",
        encoding: "binary",
        overlappingSync: false,
        mapSize: MAP_BYTES,
      }),
    );
  }

  doAll(requests: readonly StoreRequest[]): void {
    for (const request of requests) this.#do(request);
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  #do(request: StoreRequest): void {
    const database = this.#database;
    switch (request.kind) {
      case "apply":
        database.transactionSync(() => {
          for (const mutation of request.batch) {
            if (mutation.kind === "set") database.putSync(asBuffer(mutation.key), asBuffer(mutation.value));
            else if (mutation.kind === "clear") database.removeSync(asBuffer(mutation.key));
            else this.#clearRange(mutation.range);
          }
        });
        break;
      case "get":
        for (const key of request.keys) database.getBinary(asBuffer(key));
        break;
      case "range":
        this.#range(request);
        break;
      default:
        request satisfies never;
    }
  }

  #range({ range, limit, reverse }: Extract<StoreRequest, { kind: "range" }>): void {
    const [start, end] = reverse ? [range.end, range.begin] : [range.begin, range.end];
    const rows = this.#database.getRange({ start: asBuffer(start), end: asBuffer(end), limit, reverse });
    for (const _ of rows);
  }

  #clearRange({ begin, end }: { readonly begin: Uint8Array; readonly end: Uint8Array }): void {
    const keys = [...this.#database.getKeys({ start: asBuffer(begin), end: asBuffer(end) })];
    for (const key of keys) this.#database.removeSync(key);
  }
}

function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
