/**
 * A look at a store's file before the engine maps it: a file that is not one of its own, of another version or cut short
 * would end the process by a signal instead of an error. The layout is that of LMDB's data version 2, whose two first
 * pages describe the rest, the newer one of them.
 */
import { type FileHandle, open } from "node:fs/promises";
import { metastoreError } from "../metastore/errors.ts";

const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const META_BYTES = 160;
const AT = { magic: 24, version: 28, pageBytes: 48, lastPage: 144, transaction: 152 } as const;
const PAGE_BYTES_MAX = 65_536;

interface Meta {
  readonly pageBytes: number;
  readonly lastPage: bigint;
  readonly transaction: bigint;
}

/** Throws `STORE_CORRUPT` unless the file is missing, empty, or whole as far as can be told. */
export async function checkLmdbFile(path: string): Promise<void> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (error) {
    if ((error as { readonly code?: string }).code === "ENOENT") return;
    throw error;
  }
  try {
    if ((await file.stat()).size === 0) return;
    const first = await readMeta(file, 0, path);
    const second = await readMeta(file, first.pageBytes, path);
    const newer = second.transaction > first.transaction ? second : first;
    const bytes = (newer.lastPage + 1n) * BigInt(newer.pageBytes);
    // Looked at last: other processes write to the file, which only ever grows.
    const { size } = await file.stat();
    if (BigInt(size) < bytes) throw corrupt(path, `it has ${size} bytes of ${bytes}`);
  } finally {
    await file.close();
  }
}

async function readMeta(file: FileHandle, offset: number, path: string): Promise<Meta> {
  const view = new DataView(new ArrayBuffer(META_BYTES));
  const { bytesRead } = await file.read(view, 0, META_BYTES, offset);
  if (bytesRead < META_BYTES) throw corrupt(path, "its beginning is missing");
  if (view.getUint32(AT.magic, true) !== MAGIC) throw corrupt(path, "it is no file of LMDB");
  const version = view.getUint32(AT.version, true);
  if (version !== DATA_VERSION) throw corrupt(path, `it is of data version ${version}, not ${DATA_VERSION}`);
  const pageBytes = view.getUint32(AT.pageBytes, true);
  if (pageBytes < META_BYTES || pageBytes > PAGE_BYTES_MAX || (pageBytes & (pageBytes - 1)) !== 0) {
    throw corrupt(path, `pages of ${pageBytes} bytes`);
  }
  const lastPage = view.getBigUint64(AT.lastPage, true);
  return { pageBytes, lastPage, transaction: view.getBigUint64(AT.transaction, true) };
}

function corrupt(path: string, why: string): Error {
  return metastoreError("STORE_CORRUPT", `the store ${path} cannot be used: ${why}`);
}
