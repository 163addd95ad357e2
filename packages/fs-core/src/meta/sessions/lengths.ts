/**
 * The length of files while they are written (I3). Storage knows the furthest byte; the inode knows of truncations. A
 * truncation is begun in the inode and ended by whoever meets it next, so that a service may die in the middle of one.
 */
import type { SignalOptions } from "@smallpond/base";
import type { InodeId } from "../../ids.ts";
import type { Metastore, ReadTransaction } from "../../metastore/transaction.ts";
import type { ChunkService, FileData } from "../collect/chunk-service.ts";
import { readInodeRow } from "../inodes/reads.ts";
import { putInode } from "../inodes/writes.ts";
import { fsError } from "../model/errors.ts";
import type { FileInode } from "../model/inode.ts";
import type { LengthSource } from "../namespace-deps.ts";

/** Truncations that may come in between before a question for a length is told to come again. */
const TRIES = 16;
/** Files asked for side by side. */
const SIDE_BY_SIDE = 64;

export class Lengths implements LengthSource {
  readonly #metastore: Metastore;
  readonly #chunks: ChunkService;

  constructor(deps: { readonly metastore: Metastore; readonly chunks: ChunkService }) {
    this.#metastore = deps.metastore;
    this.#chunks = deps.chunks;
  }

  /**
   * The files with their length as it was at some moment of the call. It is found out in transactions of its own: a
   * snapshot's truncations say nothing about bytes that storage tells of later.
   */
  async settle(
    _transaction: ReadTransaction,
    files: readonly FileInode[],
    options: SignalOptions = {},
  ): Promise<readonly FileInode[]> {
    if (files.every(isSettled)) return files;
    const settled: FileInode[] = [];
    for (let at = 0; at < files.length; at += SIDE_BY_SIDE) {
      const some = files.slice(at, at + SIDE_BY_SIDE);
      settled.push(...(await Promise.all(some.map((file) => this.#settled(file, options)))));
    }
    return settled;
  }

  /** Where the furthest byte on storage ends. With the inode read in a transaction that commits, it is not outdated. */
  measure(file: FileInode, options: SignalOptions = {}): Promise<bigint> {
    return this.#chunks.lengthOf(dataOf(file), options);
  }

  /** Ends a truncation that the inode says was begun. The inode's row has changed when it resolves. */
  async endTruncation(file: FileInode, options: SignalOptions = {}): Promise<void> {
    const { id, length, truncateVersion, dataVersion } = file;
    await this.#chunks.truncate(dataOf(file), { length, truncateVersion }, options);
    await this.#metastore.transact(
      async (transaction) => {
        const now = await readInodeRow(transaction, id);
        if (now?.kind !== "file" || !now.truncating) return;
        if (now.truncateVersion !== truncateVersion || now.dataVersion !== dataVersion) return;
        putInode(transaction, { ...now, truncating: false });
      },
      { repeatable: true, ...options },
    );
  }

  async #settled(file: FileInode, options: SignalOptions): Promise<FileInode> {
    if (isSettled(file)) return file;
    for (let tries = 0; tries < TRIES; tries++) {
      const now = await this.#read(file.id, options);
      if (now === undefined) return file;
      if (now.truncating) {
        await this.endTruncation(now, options);
        continue;
      }
      if (!now.written) return withLengthOf(file, now);
      const measured = await this.measure(now, options);
      const after = await this.#read(file.id, options);
      if (after === undefined) return file;
      if (after.truncating || after.truncateVersion !== now.truncateVersion) continue;
      if (after.dataVersion !== now.dataVersion) continue;
      return withLengthOf(file, { ...after, length: measured > after.length ? measured : after.length });
    }
    throw fsError("EAGAIN", "stat", `inode ${file.id}`, { reason: "it is truncated again and again" });
  }

  #read(id: InodeId, options: SignalOptions): Promise<FileInode | undefined> {
    return this.#metastore.transact(async (transaction) => {
      const inode = await readInodeRow(transaction, id);
      return inode?.kind === "file" ? inode : undefined;
    }, options);
  }
}

/** Whether the inode alone says how long the file is. */
export function isSettled(file: FileInode): boolean {
  return !file.written && !file.truncating;
}

export function dataOf({ id, dataVersion, layout }: FileInode): FileData {
  return { inode: id, dataVersion, layout };
}

function withLengthOf(file: FileInode, now: FileInode): FileInode {
  const { length, truncateVersion, dataVersion, inline, written, truncating } = now;
  return { ...file, length, truncateVersion, dataVersion, inline, written, truncating };
}
