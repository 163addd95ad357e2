/** What core.node exports, as native/core declares it. `test/exports.test.ts` holds the two together. */
import { type Loaded, loadAddon } from "./load-addon.ts";

/** Calls that the kernel refuses throw an Error with its `code` (`ENOSPC`), `errno` and `syscall`. */
export interface CoreAddon {
  crc32c(bytes: Uint8Array, crc: number): number;
  crc32cCombine(first: number, second: number, bytesOfSecond: number): number;
  crc32cImplementation(): "sse4.2" | "armv8" | "table";

  /** Page-aligned memory, filled with zeros. `flags`: 1 huge pages, 2 locked. */
  allocatePages(bytes: number, flags: number): ArrayBuffer;
  mapShared(fd: number, position: number, bytes: number, writable: boolean): ArrayBuffer;
  pageBytes(): number;

  /** `events`: 1 readable, 2 writable, 4 disconnected; `onReady` gets those there are, or a negative error number. */
  pollStart(fd: number, events: number, onReady: (events: number) => void): PollHandle;
  pollEvents(poll: PollHandle, events: number): void;
  pollHold(poll: PollHandle, on: boolean): void;
  /** `onClosed` is called when the loop has let go: only then may the descriptor be closed. */
  pollStop(poll: PollHandle, onClosed: () => void): void;
  /** Bytes, or a negative error number; never waits on a non-blocking descriptor. */
  readNow(fd: number, into: Uint8Array): number;
  writeNow(fd: number, views: readonly Uint8Array[]): number;
}

export type PollHandle = { readonly poll: unique symbol };

let loaded: Loaded<CoreAddon> | undefined;

export function coreAddon(): Loaded<CoreAddon> {
  loaded ??= loadAddon<CoreAddon>("core");
  return loaded;
}
