/** Storage as metadata sees it, in memory: the model of `ChunkService`, and the writes of clients that tests play. */
import { assert, PondError, type SignalOptions } from "@smallpond/base";
import type { SessionId } from "../ids.ts";
import type { ChunkService, ChunkSpace, FileData } from "../meta/collect/chunk-service.ts";

/** What all storage services together hold. Several {@link MemoryChunks} may share it, as processes do. */
export class MemoryChunkState {
  readonly files: Map<string, MemoryFile> = new Map();
  readonly revoked: Set<SessionId> = new Set();
  bytesTotal: bigint = 2n ** 40n;

  get chunkCount(): number {
    return [...this.files.values()].reduce((sum, { chunks }) => sum + chunks.size, 0);
  }
}

interface MemoryFile {
  readonly chunks: Map<number, Uint8Array>;
  truncateVersion: number;
}

/** Runs before each call takes effect and again before it is answered: waits, or throws. */
export type ChunkFault = (call: string, when: "before" | "after") => Promise<void>;

export class MemoryChunks implements ChunkService {
  readonly state: MemoryChunkState;
  readonly #fault: ChunkFault;

  constructor(
    deps: { readonly state: MemoryChunkState; readonly fault?: ChunkFault } = {
      state: new MemoryChunkState(),
    },
  ) {
    this.state = deps.state;
    this.#fault = deps.fault ?? (async () => {});
  }

  /** What a client does: writes bytes under a session. `SESSION_REVOKED` once the session is. */
  write(
    data: FileData,
    session: SessionId,
    part: { readonly offset: bigint; readonly bytes: Uint8Array },
  ): Promise<void> {
    return this.#call("write", () => {
      if (this.state.revoked.has(session)) throw revokedSession(session);
      put(this.#file(data), data.layout.chunkBytes, part.offset, part.bytes);
    });
  }

  /** Zeros where nothing was written. */
  read(data: FileData, range: { readonly offset: bigint; readonly count: number }): Promise<Uint8Array> {
    return this.#call("read", () => {
      const { chunkBytes } = data.layout;
      const chunks = this.state.files.get(nameOf(data))?.chunks;
      const bytes = new Uint8Array(range.count);
      for (let at = 0; at < bytes.length; ) {
        const [index, within] = placeOf(range.offset + BigInt(at), chunkBytes);
        const here = Math.min(chunkBytes - within, bytes.length - at);
        bytes.set(chunks?.get(index)?.subarray(within, within + here) ?? [], at);
        at += here;
      }
      return bytes;
    });
  }

  removeChunks(
    data: FileData,
    options: SignalOptions & { readonly chunksMax: number },
  ): Promise<{ readonly removed: number; readonly more: boolean }> {
    return this.#call("removeChunks", () => {
      const chunks = this.state.files.get(nameOf(data))?.chunks;
      const last = [...(chunks?.keys() ?? [])].sort((a, b) => b - a).slice(0, options.chunksMax);
      for (const index of last) chunks?.delete(index);
      const more = (chunks?.size ?? 0) > 0;
      if (!more) this.state.files.delete(nameOf(data));
      return { removed: last.length, more };
    });
  }

  truncate(
    data: FileData,
    cut: { readonly length: bigint; readonly truncateVersion: number },
  ): Promise<void> {
    return this.#call("truncate", () => {
      const file = this.#file(data);
      if (file.truncateVersion >= cut.truncateVersion) return;
      file.truncateVersion = cut.truncateVersion;
      const [lastIndex, lastBytes] = placeOf(cut.length, data.layout.chunkBytes);
      for (const [index, bytes] of [...file.chunks]) {
        const kept = index < lastIndex ? bytes.length : index === lastIndex ? lastBytes : 0;
        if (kept === 0) file.chunks.delete(index);
        else file.chunks.set(index, bytes.slice(0, kept));
      }
    });
  }

  lengthOf(data: FileData): Promise<bigint> {
    return this.#call("lengthOf", () => {
      let end = 0n;
      for (const [index, bytes] of this.state.files.get(nameOf(data))?.chunks ?? []) {
        const here = BigInt(index) * BigInt(data.layout.chunkBytes) + BigInt(bytes.length);
        if (here > end) end = here;
      }
      return end;
    });
  }

  fill(data: FileData, content: { readonly writer: SessionId; readonly bytes: Uint8Array }): Promise<void> {
    return this.#call("fill", () => {
      if (this.state.revoked.has(content.writer)) throw revokedSession(content.writer);
      put(this.#file(data), data.layout.chunkBytes, 0n, content.bytes);
    });
  }

  revoke(sessions: readonly SessionId[]): Promise<void> {
    return this.#call("revoke", () => {
      for (const session of sessions) this.state.revoked.add(session);
    });
  }

  space(): Promise<ChunkSpace> {
    return this.#call("space", () => {
      const { bytesTotal } = this.state;
      let used = 0n;
      for (const { chunks } of this.state.files.values()) {
        for (const bytes of chunks.values()) used += BigInt(bytes.length);
      }
      return { bytesTotal, bytesFree: bytesTotal - used };
    });
  }

  async #call<T>(name: string, work: () => T): Promise<T> {
    await this.#fault(name, "before");
    const result = work();
    await this.#fault(name, "after");
    return result;
  }

  #file(data: FileData): MemoryFile {
    const name = nameOf(data);
    let file = this.state.files.get(name);
    if (file === undefined) {
      file = { chunks: new Map(), truncateVersion: 0 };
      this.state.files.set(name, file);
    }
    return file;
  }
}

function nameOf({ inode, dataVersion }: FileData): string {
  return `${inode}.${dataVersion}`;
}

function placeOf(offset: bigint, chunkBytes: number): readonly [index: number, within: number] {
  return [Number(offset / BigInt(chunkBytes)), Number(offset % BigInt(chunkBytes))];
}

function put(file: MemoryFile, chunkBytes: number, offset: bigint, bytes: Uint8Array): void {
  assert(offset >= 0n, `an offset is at least 0, not ${offset}`);
  for (let at = 0; at < bytes.length; ) {
    const [index, within] = placeOf(offset + BigInt(at), chunkBytes);
    const part = bytes.subarray(at, at + chunkBytes - within);
    const old = file.chunks.get(index) ?? new Uint8Array(0);
    const chunk = new Uint8Array(Math.max(old.length, within + part.length));
    chunk.set(old);
    chunk.set(part, within);
    file.chunks.set(index, chunk);
    at += part.length;
  }
}

function revokedSession(session: SessionId): PondError<"SESSION_REVOKED"> {
  return new PondError("SESSION_REVOKED", {
    kind: "closed",
    message: `session ${session} was revoked`,
    hint: "open the file again",
  });
}
