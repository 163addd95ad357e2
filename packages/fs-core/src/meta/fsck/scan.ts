/** All inodes and names in brief: what the rules look at. It takes about 300 bytes of memory for each inode. */

import type { InodeId } from "../../ids.ts";
import { key as keyOf, prefixRange } from "../../metastore/keys.ts";
import { type Codec, decode } from "../../wire/codec/index.ts";
import type { Entry, Inode, InodeKind } from "../model/inode.ts";
import { entryRow, inodeRow } from "../rows/inode-row.ts";
import type { Finding } from "./finding.ts";
import type { FsckSource } from "./source.ts";

export interface BriefInode {
  readonly kind: InodeKind;
  readonly nlink: number;
  readonly quota: number;
  /** Of a file; 0 of anything else. */
  readonly length: bigint;
  /** Of a directory. */
  readonly parent: InodeId | undefined;
  /** Of a file. */
  readonly data: BriefData | undefined;
  /** Names that lead to it. */
  names: number;
  /** Of a directory: where its last name was found, and how many directories are in it. */
  foundIn: InodeId | undefined;
  subdirectories: number;
}

export interface BriefData {
  readonly dataVersion: number;
  readonly inline: boolean;
  readonly written: boolean;
}

export interface Scan {
  readonly source: FsckSource;
  readonly inodes: ReadonlyMap<InodeId, BriefInode>;
  /** How many were read. */
  readonly rows: { count: number };
}

/** A rule: what it finds, from the scan and from rows that it reads itself. */
export type Rule = (scan: Scan) => AsyncIterable<Finding> | Iterable<Finding>;

export interface Row<T> {
  readonly key: Uint8Array;
  readonly bytes: Uint8Array;
  readonly value: T;
}

/** The rows of a table; those that cannot be read are told to `broken`. */
export async function* tableOf<T>(
  source: FsckSource,
  prefix: string,
  codec: Codec<T>,
  options: { readonly rows: { count: number }; readonly broken: (finding: Finding) => void },
): AsyncIterable<Row<T>> {
  for await (const page of source.pages(prefixRange(keyOf(prefix)))) {
    for (const { key, value: bytes } of page) {
      options.rows.count += 1;
      let value: T;
      try {
        value = decode(codec, bytes);
      } catch (error) {
        options.broken(unreadable(prefix, key, error));
        continue;
      }
      yield { key, bytes, value };
    }
  }
}

/** The number that stands in a key after so many bytes. */
export function idIn(key: Uint8Array, offset: number): InodeId {
  return new DataView(key.buffer, key.byteOffset, key.length).getBigUint64(offset) as InodeId;
}

/** The text that a key ends with. */
export function textIn(key: Uint8Array, offset: number): string {
  return new TextDecoder().decode(key.subarray(offset));
}

export interface NameRow extends Row<Entry> {
  readonly directory: InodeId;
  readonly name: string;
}

export async function scanInodes(
  source: FsckSource,
  rows: { count: number },
  broken: (finding: Finding) => void,
): Promise<Map<InodeId, BriefInode>> {
  const inodes = new Map<InodeId, BriefInode>();
  for await (const { key, value } of tableOf(source, "INOD", inodeRow, { rows, broken })) {
    inodes.set(idIn(key, 4), brief(value));
  }
  return inodes;
}

export async function* names(
  source: FsckSource,
  rows: { count: number },
  broken: (finding: Finding) => void,
): AsyncIterable<NameRow> {
  for await (const row of tableOf(source, "DENT", entryRow, { rows, broken })) {
    yield { ...row, directory: idIn(row.key, 4), name: textIn(row.key, 12) };
  }
}

function brief(inode: Inode): BriefInode {
  const isFile = inode.kind === "file";
  return {
    kind: inode.kind,
    nlink: inode.nlink,
    quota: inode.quota,
    length: isFile ? inode.length : 0n,
    parent: inode.kind === "directory" ? inode.parent : undefined,
    data: isFile
      ? { dataVersion: inode.dataVersion, inline: inode.inline, written: inode.written }
      : undefined,
    names: 0,
    foundIn: undefined,
    subdirectories: 0,
  };
}

function unreadable(table: string, key: Uint8Array, error: unknown): Finding {
  return {
    code: "ROW_UNREADABLE",
    severity: "broken",
    subject: `${table} row ${Buffer.from(key).toString("hex")}`,
    detail: error instanceof Error ? error.message : String(error),
    repair: undefined,
  };
}
