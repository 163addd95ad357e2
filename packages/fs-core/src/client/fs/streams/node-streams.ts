/** Open files as Node's streams. */
import { Readable, Writable } from "node:stream";
import type { SignalOptions } from "@smallpond/base";
import type { FileHandle } from "../../file-system.ts";

export function nodeReadable(blocks: AsyncGenerator<Uint8Array, void, void>, blockBytes: number): Readable {
  return Readable.from(buffers(blocks), { objectMode: false, highWaterMark: blockBytes });
}

/** Takes bytes as fast as the file does; ending it syncs. */
export function nodeWritable(
  handle: Pick<FileHandle, "writev" | "sync">,
  { start = 0n, signal }: { readonly start?: bigint } & SignalOptions,
  blockBytes: number,
): Writable {
  let offset = start;
  const write = async (chunks: readonly Uint8Array[]): Promise<void> => {
    const at = offset;
    for (const chunk of chunks) offset += BigInt(chunk.length);
    await handle.writev(chunks, { offset: at, signal });
  };
  return new Writable({
    highWaterMark: blockBytes,
    ...(signal === undefined ? {} : { signal }),
    write: (chunk: Uint8Array, _encoding, done) => void write([chunk]).then(() => done(), done),
    writev: (chunks, done) =>
      void write(chunks.map(({ chunk }) => chunk as Uint8Array)).then(() => done(), done),
    final: (done) => void handle.sync({ signal }).then(() => done(), done),
  });
}

async function* buffers(blocks: AsyncGenerator<Uint8Array, void, void>): AsyncGenerator<Buffer, void, void> {
  for await (const block of blocks) yield Buffer.from(block.buffer, block.byteOffset, block.length);
}
