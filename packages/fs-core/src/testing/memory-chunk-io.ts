/** Chunk I/O in memory, over the same state as {@link MemoryChunks}: for what stands on `ChunkIo` and is not about it. */
import { assert, err, isPondError, ok, type PondError, type Result } from "@smallpond/base";
import type { Piece } from "@smallpond/fs-native";
import type {
  ChunkIo,
  ChunkOptions,
  ChunkPlace,
  ChunkRead,
  ChunkReadDone,
  ChunkWrite,
  ChunkWriteDone,
  WriteSession,
} from "../client/chunks/chunk-io.ts";
import type { SessionId } from "../ids.ts";
import { fsError } from "../meta/model/errors.ts";
import { MemoryChunkState } from "./memory-chunks.ts";

/** What happens to one item; an error becomes the item's. Waits for as long as it likes. */
export type ItemFault = (
  call: "read" | "write",
  item: ChunkPlace & { readonly bytes: number },
) => Promise<void>;

interface MemorySession extends WriteSession {
  unsettled: number;
}

export class MemoryChunkIo implements ChunkIo {
  readonly state: MemoryChunkState;
  /** Calls so far, by how many items they had. */
  readonly batches: { readonly call: "read" | "write"; readonly items: number }[] = [];
  /** Replace it to have items fail or wait. After a write's error of kind `unknown-outcome` the session is unsettled. */
  fault: ItemFault = async () => {};

  constructor(deps: { readonly state?: MemoryChunkState } = {}) {
    this.state = deps.state ?? new MemoryChunkState();
  }

  read(
    items: readonly ChunkRead[],
    options: ChunkOptions = {},
  ): Promise<readonly Result<ChunkReadDone, PondError>[]> {
    this.batches.push({ call: "read", items: items.length });
    return each(items, options, async (item) => {
      const into = viewOf(item.into);
      check(item, into.length);
      await this.fault("read", { ...item, bytes: into.length });
      const chunk = this.state.files.get(nameOf(item))?.chunks.get(item.chunk);
      const part = chunk?.subarray(item.offset, item.offset + into.length) ?? new Uint8Array(0);
      into.set(part);
      into.fill(0, part.length);
      return { bytes: part.length, chunkLength: chunk?.length ?? 0 };
    });
  }

  write(
    items: readonly ChunkWrite[],
    options: ChunkOptions = {},
  ): Promise<readonly Result<ChunkWriteDone, PondError>[]> {
    this.batches.push({ call: "write", items: items.length });
    return each(items, options, async (item) => {
      const views = item.bytes.map(viewOf);
      const bytes = views.reduce((sum, view) => sum + view.length, 0);
      check(item, bytes);
      const session = item.session as MemorySession;
      try {
        await this.fault("write", { ...item, bytes });
      } catch (error) {
        if (!isPondError(error) || error.kind === "unknown-outcome") session.unsettled += 1;
        throw error;
      }
      if (this.state.revoked.has(session.id)) throw fsError("ESTALE", "write", `session ${session.id}`);
      return { chunkLength: this.#put(item, views, bytes) };
    });
  }

  openSession(id: SessionId): WriteSession {
    const session: MemorySession = { id, unsettled: 0 };
    return session;
  }

  async settle(session: WriteSession): Promise<void> {
    (session as MemorySession).unsettled = 0;
  }

  #put(item: ChunkWrite, views: readonly Uint8Array[], bytes: number): number {
    const name = nameOf(item);
    const file = this.state.files.get(name) ?? { chunks: new Map<number, Uint8Array>(), truncateVersion: 0 };
    this.state.files.set(name, file);
    const old = file.chunks.get(item.chunk) ?? new Uint8Array(0);
    const chunk = new Uint8Array(Math.max(old.length, item.offset + bytes));
    chunk.set(old);
    let at = item.offset;
    for (const view of views) {
      chunk.set(view, at);
      at += view.length;
    }
    file.chunks.set(item.chunk, chunk);
    return chunk.length;
  }
}

async function each<I, T>(
  items: readonly I[],
  { signal }: ChunkOptions,
  work: (item: I) => Promise<T>,
): Promise<readonly Result<T, PondError>[]> {
  signal?.throwIfAborted();
  const outcomes = await Promise.all(
    items.map(async (item): Promise<Result<T, PondError>> => {
      try {
        return ok(await work(item));
      } catch (error) {
        if (isPondError(error)) return err(error as PondError);
        throw error;
      }
    }),
  );
  signal?.throwIfAborted();
  return outcomes;
}

function check({ data, chunk, offset }: ChunkPlace, bytes: number): void {
  assert(bytes > 0, "an item has at least one byte");
  assert(
    Number.isInteger(chunk) && chunk >= 0 && chunk <= 0xffff_ffff,
    `not the number of a chunk: ${chunk}`,
  );
  assert(
    offset >= 0 && offset + bytes <= data.layout.chunkBytes,
    `${offset} and ${bytes} bytes leave the chunk`,
  );
}

function nameOf({ data }: ChunkPlace): string {
  return `${data.inode}.${data.dataVersion}`;
}

function viewOf(piece: Piece): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  if (!("lease" in piece)) return piece.view;
  const { lease, offset = 0, length = lease.length - offset } = piece;
  return lease.view.subarray(offset, offset + length);
}
