/** What carries operations out: the one thing that differs between io_uring and the thread pool. */
import type { Region } from "../memory/lease.ts";

export interface EngineTransfer {
  readonly kind: "read" | "write";
  readonly file: EngineFile;
  readonly region: Region;
  /** In the region. */
  readonly offset: number;
  readonly length: number;
  readonly position: number;
  /** Told once: bytes, fewer than asked for as the kernel likes, or a negative error number. */
  readonly done: (result: number) => void;
}

/** An open file as the engine knows it. */
export interface EngineFile {
  readonly fd: number;
  /** What the engine calls it. */
  readonly handle: number;
  readonly direct: boolean;
}

export type AllocateMode = "reserve" | "punch";

export interface Engine {
  readonly kind: "io_uring" | "threads";
  readonly inFlight: number;
  readonly waiting: number;
  /** Whether one more operation can be taken in; false is answered with `EBUSY`. */
  readonly hasRoom: boolean;
  attach(fd: number, direct: boolean): EngineFile;
  detach(file: EngineFile): void;
  transfer(operation: EngineTransfer): void;
  /** These answer 0 or a negative error number. */
  sync(file: EngineFile, dataOnly: boolean): Promise<number>;
  allocate(file: EngineFile, mode: AllocateMode, position: number, bytes: number): Promise<number>;
  /** Called when nothing is under way. */
  close(): Promise<void>;
}
