/** Open files as web streams. */
import { ReadableStream, WritableStream } from "node:stream/web";
import type { SignalOptions } from "@smallpond/base";
import type { FileHandle } from "../../file-system.ts";

export function webReadable(blocks: AsyncGenerator<Uint8Array, void, void>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await blocks.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await blocks.return();
      },
    },
    // What is read ahead, the generator has.
    { highWaterMark: 0 },
  );
}

/** Takes bytes as fast as the file does; closing it syncs. */
export function webWritable(
  handle: Pick<FileHandle, "write" | "sync">,
  { start = 0n, signal }: { readonly start?: bigint } & SignalOptions,
): WritableStream<Uint8Array> {
  let offset = start;
  return new WritableStream<Uint8Array>({
    async write(chunk) {
      const at = offset;
      offset += BigInt(chunk.length);
      await handle.write(chunk, { offset: at, signal });
    },
    async close() {
      await handle.sync({ signal });
    },
  });
}
