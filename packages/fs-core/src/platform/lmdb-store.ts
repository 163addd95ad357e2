/**
 * The ordered store in a directory of this machine, by LMDB: several processes open it, one at a time writes. A batch is
 * one transaction that depends on the owner's row being of the batch's epoch; it is durable when the promise resolves.
 *
 * A process that is stopped, not killed, while it holds the write lock keeps the others from writing until it goes on.
 * The directory must be on a local file system.
 */
import { mkdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { equalBytes, isPondError, PondError, type SignalOptions } from "@smallpond/base";
import type * as lmdbPackage from "lmdb";
import type { Database, RootDatabase } from "lmdb";
import { metastoreError } from "../metastore/errors.ts";
import type {
  ApplyOptions,
  ApplyOutcome,
  OrderedStore,
  Ownership,
  StoreMutation,
  StoreSnapshot,
} from "../metastore/ordered-store.ts";
import { type FlatBatch, flatBatch } from "./lmdb-batch.ts";
import { storeFailure } from "./lmdb-errors.ts";
import { checkLmdbFile } from "./lmdb-header.ts";
import {
  decodeOwnership,
  encodeOwnership,
  FORMAT_KEY,
  LAST_BATCH_KEY,
  OWNER_KEY,
  STORE_FORMAT,
} from "./lmdb-rows.ts";
import { RowSeal } from "./lmdb-seal.ts";
import { LmdbSnapshot, plain, type Rows } from "./lmdb-snapshot.ts";

export interface LmdbStoreSettings {
  /** Made if it is not there. */
  readonly directory: string;
  /** Bytes of rows and their pages; a batch that may go beyond is `STORE_FULL`. Default 256 GiB. */
  readonly bytesMax?: number;
  /** Of these, kept back for batches that free rows. Default an eighth, at most 1 GiB. */
  readonly reserveBytes?: number;
  /** Snapshots of all processes together. The first that opens the directory decides. Default 2,048. */
  readonly readersMax?: number;
}

const BYTES_MAX = 256 * 2 ** 30;
const RESERVE_SHARE = 1 / 8;
const RESERVE_BYTES_MAX = 2 ** 30;
const READERS_MAX = 2048;
/** Of a value in a page: what it and its pages take more than its bytes, at worst about so many times as much. */
const PAGE_FACTOR = 2;
/** A disk with less room than this counts as full when a write fails. */
const ROOM_BYTES_MIN = 16 * 2 ** 20;

type Lmdb = typeof lmdbPackage;
type Facts = Database<Uint8Array, Uint8Array>;

interface Opened {
  readonly root: RootDatabase<Uint8Array, Uint8Array>;
  readonly rows: Rows;
  readonly facts: Facts;
}

/** @throws LMDB_MISSING, STORE_CORRUPT, STORE_UNREACHABLE */
export async function openLmdbStore(settings: LmdbStoreSettings): Promise<LmdbStore> {
  const lmdb = await importLmdb();
  await mkdir(settings.directory, { recursive: true });
  await checkLmdbFile(join(settings.directory, "data.mdb"));
  let opened: Opened;
  try {
    const root = lmdb.open<Uint8Array, Uint8Array>({
      path: settings.directory,
      // With it, a commit is told before it is on the disk.
      overlappingSync: false,
      // With it, a failed batch rejects a promise that nobody has, and that ends the process.
      eventTurnBatching: false,
      maxDbs: 4,
      maxReaders: settings.readersMax ?? READERS_MAX,
      noSubdir: false,
      encoding: "binary",
      keyEncoding: "binary",
    });
    const plainRows = { encoding: "binary", keyEncoding: "binary" } as const;
    const rows = root.openDB<Uint8Array, Uint8Array>({ name: "rows", ...plainRows });
    // Its versions are what batches depend on.
    const facts = root.openDB<Uint8Array, Uint8Array>({ name: "facts", ...plainRows, useVersions: true });
    opened = { root, rows, facts };
  } catch (error) {
    throw storeFailure(error);
  }
  try {
    await checkFormat(opened.facts, settings.directory);
    return new LmdbStore(opened, settings);
  } catch (error) {
    await opened.root.close();
    throw error;
  }
}

export class LmdbStore implements OrderedStore {
  readonly #root: RootDatabase<Uint8Array, Uint8Array>;
  readonly #rows: Rows;
  readonly #facts: Facts;
  readonly #directory: string;
  readonly #bytesMax: number;
  readonly #reserveBytes: number;
  readonly #seal: RowSeal = new RowSeal();
  readonly #snapshots: Set<LmdbSnapshot> = new Set();
  #batches = 0n;
  #closed: Promise<void> | undefined;

  constructor({ root, rows, facts }: Opened, settings: LmdbStoreSettings) {
    this.#root = root;
    this.#rows = rows;
    this.#facts = facts;
    this.#directory = settings.directory;
    this.#bytesMax = settings.bytesMax ?? BYTES_MAX;
    this.#reserveBytes =
      settings.reserveBytes ?? Math.min(Math.floor(this.#bytesMax * RESERVE_SHARE), RESERVE_BYTES_MAX);
  }

  async snapshot(options: SignalOptions = {}): Promise<StoreSnapshot> {
    options.signal?.throwIfAborted();
    return this.#snapshot();
  }

  async apply(
    batch: readonly StoreMutation[],
    { epoch, reserve = false }: ApplyOptions,
  ): Promise<ApplyOutcome> {
    this.#assertOpen();
    const flat = this.#flatten(batch);
    this.#assertRoom(flat, reserve ? 0 : this.#reserveBytes);
    this.#batches += 1n;
    // Tells whether this very batch is the last that was written.
    const tag = new TextEncoder().encode(`${epoch}/${process.pid}/${this.#batches}`);
    return await this.#changeIfOwned(epoch, tag, () => {
      for (const { key, row } of flat.writes) {
        swallow(row === undefined ? this.#rows.remove(key) : this.#rows.put(key, row));
      }
    });
  }

  async ownership(): Promise<Ownership> {
    this.#assertOpen();
    try {
      this.#root.resetReadTxn();
      return decodeOwnership(plain(this.#facts.getBinary(OWNER_KEY)));
    } catch (error) {
      throw storeFailure(error);
    }
  }

  async acquire(options: {
    readonly after: Pick<Ownership, "epoch" | "renewals">;
    readonly owner: Uint8Array;
  }): Promise<bigint | undefined> {
    this.#assertOpen();
    const { after, owner } = options;
    try {
      // What readers of processes that are gone still held.
      this.#root.readerCheck();
      return await this.#facts.transaction(() => {
        const { epoch, renewals } = decodeOwnership(plain(this.#facts.getBinary(OWNER_KEY)));
        if (epoch !== after.epoch || renewals !== after.renewals) return undefined;
        const next = epoch + 1n;
        const row = encodeOwnership({ epoch: next, renewals: 0n, owner });
        swallow(this.#facts.put(OWNER_KEY, row, Number(next)));
        return next;
      });
    } catch (error) {
      throw storeFailure(await causeOf(error));
    }
  }

  async renew({ epoch }: { readonly epoch: bigint }): Promise<ApplyOutcome> {
    const ownership = await this.ownership();
    if (ownership.epoch !== epoch) return "fenced";
    const row = encodeOwnership({ ...ownership, renewals: ownership.renewals + 1n });
    return await this.#changeIfOwned(epoch, undefined, () => {
      swallow(this.#facts.put(OWNER_KEY, row, Number(epoch)));
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    for (const snapshot of this.#snapshots) snapshot[Symbol.dispose]();
    await this.#root.close();
  }

  #snapshot(): LmdbSnapshot {
    this.#assertOpen();
    try {
      // Otherwise it may be one from before the last batch.
      this.#root.resetReadTxn();
      const snapshot = new LmdbSnapshot({
        rows: this.#rows,
        seal: this.#seal,
        transaction: this.#root.useReadTransaction(),
        onDispose: (disposed) => this.#snapshots.delete(disposed),
      });
      this.#snapshots.add(snapshot);
      return snapshot;
    } catch (error) {
      throw storeFailure(error);
    }
  }

  async #changeIfOwned(
    epoch: bigint,
    tag: Uint8Array | undefined,
    change: () => void,
  ): Promise<ApplyOutcome> {
    try {
      const applied = await this.#facts.ifVersion(OWNER_KEY, Number(epoch), () => {
        change();
        if (tag !== undefined) swallow(this.#facts.put(LAST_BATCH_KEY, tag, 0));
      });
      return applied ? "applied" : "fenced";
    } catch (error) {
      return await this.#afterFailure(await causeOf(error), tag);
    }
  }

  /** A failed commit has usually written nothing; the row of the last batch tells. */
  async #afterFailure(cause: unknown, tag: Uint8Array | undefined): Promise<ApplyOutcome> {
    if (tag === undefined) return "unknown";
    const last = await this.#lastBatch();
    if (last === undefined) return "unknown";
    if (equalBytes(last, tag)) return "unknown";
    const failure = storeFailure(cause);
    if (isPondError(failure, "STORE_CORRUPT")) throw failure;
    if (await this.#isDiskFull()) {
      throw metastoreError("STORE_FULL", `the disk of the store ${this.#directory} is full`, { cause });
    }
    return "unknown";
  }

  async #lastBatch(): Promise<Uint8Array | undefined> {
    try {
      this.#root.resetReadTxn();
      return plain(this.#facts.getBinary(LAST_BATCH_KEY)) ?? new Uint8Array();
    } catch {
      return undefined;
    }
  }

  async #isDiskFull(): Promise<boolean> {
    try {
      const { bavail, bsize } = await statfs(this.#directory);
      return bavail * bsize < ROOM_BYTES_MIN;
    } catch {
      return false;
    }
  }

  #flatten(batch: readonly StoreMutation[]): FlatBatch {
    if (!batch.some(({ kind }) => kind === "clearRange")) return flatBatch(batch, this.#seal, () => []);
    using snapshot = this.#snapshot();
    return flatBatch(batch, this.#seal, (range) => snapshot.keysIn(range));
  }

  /** By the pages in use: those of rows that went are used again. */
  #assertRoom({ putBytes }: FlatBatch, keptBytes: number): void {
    if (putBytes === 0) return;
    const { pageSize, treeBranchPageCount, treeLeafPageCount, overflowPages } =
      this.#rows.getStats() as Stats;
    const used = pageSize * (treeBranchPageCount + treeLeafPageCount + overflowPages);
    if (used + PAGE_FACTOR * putBytes <= this.#bytesMax - keptBytes) return;
    throw metastoreError(
      "STORE_FULL",
      `the store ${this.#directory} has ${used} bytes of ${this.#bytesMax}, ${keptBytes} of them kept back`,
    );
  }

  #assertOpen(): void {
    if (this.#closed === undefined) return;
    throw new PondError("STORE_CLOSED", {
      kind: "closed",
      message: `the store ${this.#directory} was closed`,
    });
  }
}

interface Stats {
  readonly pageSize: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

async function importLmdb(): Promise<Lmdb> {
  try {
    return await import("lmdb");
  } catch (cause) {
    throw new PondError("LMDB_MISSING", {
      kind: "unavailable",
      message: "the package lmdb cannot be loaded on this machine",
      hint: "install lmdb, or use another store",
      cause,
    });
  }
}

async function checkFormat(facts: Facts, directory: string): Promise<void> {
  const format = await facts.transaction(() => {
    const row = facts.getBinary(FORMAT_KEY);
    if (row === undefined) swallow(facts.put(FORMAT_KEY, Uint8Array.of(STORE_FORMAT), 0));
    return row?.[0] ?? STORE_FORMAT;
  });
  if (format === STORE_FORMAT) return;
  throw metastoreError("STORE_CORRUPT", `the store ${directory} is of format ${format}, not ${STORE_FORMAT}`);
}

/** Puts of a batch fail with the batch, which tells. */
function swallow(written: Promise<boolean>): void {
  (written as Promise<boolean> | undefined)?.catch?.(() => {});
}

/** The commit's own error, which comes by another promise. */
async function causeOf(error: unknown): Promise<unknown> {
  const { commitError } = (error ?? {}) as { readonly commitError?: Promise<never> };
  if (commitError === undefined) return error;
  return await commitError.catch((cause: unknown) => cause);
}
