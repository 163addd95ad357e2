/** Files as the work sees them, of whatever file system. */
import { mkdir, type FileHandle as NodeFile, open, readFile, rm, writeFile } from "node:fs/promises";
import type { FileHandle, FileSystem } from "@smallpond/fs-core";

export interface ReadOf<F> {
  readonly file: F;
  readonly offset: number;
  readonly into: Uint8Array;
}

export interface Files<F> {
  open(name: string, flags: "r" | "r+" | "w"): Promise<F>;
  write(file: F, bytes: Uint8Array, offset: number): Promise<void>;
  sync(file: F): Promise<void>;
  close(file: F): Promise<void>;
  /** All of them, as far as it can be at once. */
  read(reads: readonly ReadOf<F>[]): Promise<void>;
  /** Durable when it returns. */
  writeWhole(name: string, bytes: Uint8Array): Promise<void>;
  readWhole(name: string): Promise<Uint8Array>;
  remove(name: string): Promise<void>;
}

export async function ourFiles(fs: FileSystem, directory: string): Promise<Files<FileHandle>> {
  await fs.mkdir(directory, { recursive: true });
  const at = (name: string): string => `${directory}/${name}`;
  return {
    open: (name, flags) => fs.open(at(name), flags),
    write: (file, bytes, offset) => file.write(bytes, { offset: BigInt(offset) }),
    sync: (file) => file.sync(),
    close: (file) => file.close(),
    read: async (reads) => {
      const [first] = reads;
      const counts =
        reads.length === 1
          ? [await first!.file.read(first!.into, { offset: BigInt(first!.offset) })]
          : await fs.readMany(
              reads.map(({ file, offset, into }) => ({ file, offset: BigInt(offset), into })),
            );
      for (const [index, count] of counts.entries()) expectWhole(count, reads[index]!.into.length);
    },
    writeWhole: (name, bytes) => fs.writeFile(at(name), bytes),
    readWhole: (name) => fs.readFile(at(name)),
    remove: (name) => fs.rm(at(name)),
  };
}

/** The kernel's, through Node: reads come from its page cache, writes are synced. */
export async function kernelFiles(directory: string): Promise<Files<NodeFile>> {
  await mkdir(directory, { recursive: true });
  const at = (name: string): string => `${directory}/${name}`;
  return {
    open: (name, flags) => open(at(name), flags),
    write: async (file, bytes, offset) => void (await file.write(bytes, 0, bytes.length, offset)),
    sync: (file) => file.datasync(),
    close: (file) => file.close(),
    read: async (reads) => {
      await Promise.all(
        reads.map(async ({ file, offset, into }) => {
          const { bytesRead } = await file.read(into, 0, into.length, offset);
          expectWhole(bytesRead, into.length);
        }),
      );
    },
    writeWhole: (name, bytes) => writeFile(at(name), bytes, { flush: true }),
    readWhole: (name) => readFile(at(name)),
    remove: (name) => rm(at(name)),
  };
}

function expectWhole(bytes: number, wanted: number): void {
  if (bytes !== wanted) throw new Error(`${bytes} bytes were read, and ${wanted} asked for`);
}
