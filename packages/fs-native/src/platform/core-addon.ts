/** What core.node exports, as native/core declares it. `test/exports.test.ts` holds the two together. */
import { type Loaded, loadAddon } from "./load-addon.ts";

/** Calls that the kernel refuses throw an Error with its `code` (`ENOSPC`), `errno` and `syscall`. */
export interface CoreAddon {
  crc32c(bytes: Uint8Array, crc: number): number;
  crc32cEach(bytes: Uint8Array, pieceBytes: number, sums: Uint32Array): void;
  crc32cCombine(first: number, second: number, bytesOfSecond: number): number;
  crc32cJoin(before: number, sums: Uint32Array, pieceBytes: number): number;
  crc32cImplementation(): "avx512" | "sse4.2" | "armv8" | "table";

  /** Of a clock that never goes back and counts while the machine is suspended. */
  bootTimeMs(): number;

  /** Page-aligned memory, filled with zeros. `flags`: 1 huge pages, 2 locked. */
  allocatePages(bytes: number, flags: number): ArrayBuffer;
  mapShared(fd: number, position: number, bytes: number, writable: boolean): ArrayBuffer;
  /** Views of the memory are empty from then on; it goes when the loop turns. */
  dropPages(buffer: ArrayBuffer): void;
  pageBytes(): number;

  /** Of direct operations on an open file: position * 2^16 + memory, 0 where impossible, -1 where unknown. */
  directAlignment(fd: number): number;

  /** Only where the system has io_uring; `table` as native/core/ring.cc describes it. */
  ringOpen(entries: number, table: ArrayBuffer, onCompletions: (count: number) => void): RingHandle;
  /** Takes the first `count` operations of the table; returns how many the queue had room for. */
  ringSubmit(ring: RingHandle, count: number): number;
  /** Moves outcomes into the table without waiting for any; returns how many. */
  ringReap(ring: RingHandle): number;
  ringRegion(ring: RingHandle, memory: ArrayBuffer): number;
  ringFile(ring: RingHandle, fd: number): number;
  ringForget(ring: RingHandle, file: number): void;
  ringSpin(ring: RingHandle, microseconds: number): void;
  ringHold(ring: RingHandle, on: boolean): void;
  ringClose(ring: RingHandle, onClosed: () => void): void;

  /** `events`: 1 readable, 2 writable, 4 disconnected; `onReady` gets those there are, or a negative error number. */
  pollStart(fd: number, events: number, onReady: (events: number) => void): PollHandle;
  pollEvents(poll: PollHandle, events: number): void;
  pollHold(poll: PollHandle, on: boolean): void;
  /** `onClosed` is called when the loop has let go: only then may the descriptor be closed. */
  pollStop(poll: PollHandle, onClosed: () => void): void;
  /** Bytes, or a negative error number; never waits on a non-blocking descriptor. */
  readNow(fd: number, into: Uint8Array): number;
  writeNow(fd: number, views: readonly Uint8Array[]): number;

  fdOpen(path: string, flags: number, mode: number): number;
  /** Closed by `fdClose`, by the garbage collector, or when the environment ends; never through `fs`. */
  fdOwn(fd: number): FdHandle;
  fdClose(owned: FdHandle): void;
  fdDisown(owned: FdHandle): void;
  fdNonBlocking(fd: number): void;
  /** A file without a name; `fdLink` gives it one, and fails with `EEXIST` when that is taken. */
  fdTemporary(directory: string, mode: number): number;
  fdLink(fd: number, path: string): void;

  // What follows is there on Linux only.

  memfdOpen(name: string, bytes: number): number;
  /** 0 or a negative error number. */
  reserve(fd: number, position: number, bytes: number): number;
  seal(fd: number, seals: number): void;
  /** Bits of F_GET_SEALS, or a negative error number. */
  sealsOf(fd: number): number;
  eventOpen(): number;

  /** Two ends of a unix socket that keeps the borders of messages. */
  socketPair(ends: Int32Array): void;
  /** Bytes, or a negative error number; at most 253 descriptors. */
  sendMessage(fd: number, bytes: Uint8Array, descriptors: Int32Array): number;
  /** Bytes, or a negative error number. `descriptors` has 254 places and gets their count first. */
  receiveMessage(fd: number, into: Uint8Array, descriptors: Int32Array): number;
  /** Fills in process, user and group. */
  peerOf(fd: number, into: Int32Array): void;

  /** `host` is an address in numbers. The socket is writable when there is an outcome. */
  tcpConnect(host: string, port: number): number;
  unixConnect(path: string, messages: boolean): number;
  tcpListen(host: string, port: number, backlog: number): number;
  unixListen(path: string, messages: boolean, backlog: number): number;
  /** A descriptor, or a negative error number. */
  socketAccept(fd: number): number;
  /** 0 or a negative error number. */
  socketOutcome(fd: number): number;
  /** `host port`, or nothing for a socket that has none. */
  socketName(fd: number, peer: boolean): string;
  /**
   * What packets carry in the DS field, from 0 to 63. As the kernel has it now, its own queue's priority above these six
   * bits; or a negative error number.
   */
  socketMark(fd: number, dscp: number): number;
  /** Ends the sending direction: 0 or a negative error number. */
  socketEnd(fd: number): number;
  /** Like `writeNow`, at most 64 views, without SIGPIPE. */
  socketWrite(fd: number, views: readonly Uint8Array[]): number;

  mountFuse(source: string, path: string, type: string, options: string): void;
}

export type RingHandle = { readonly ring: unique symbol };
export type PollHandle = { readonly poll: unique symbol };
export type FdHandle = { readonly fd: unique symbol };

let loaded: Loaded<CoreAddon> | undefined;

export function coreAddon(): Loaded<CoreAddon> {
  loaded ??= loadAddon<CoreAddon>("core");
  return loaded;
}
