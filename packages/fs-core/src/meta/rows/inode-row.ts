/** An inode and an entry as bytes. The first byte is the row's version. */
import { chainTableIdCodec, clientIdCodec, inodeIdCodec } from "../../ids.ts";
import {
  bool,
  type Codec,
  i64,
  optional,
  struct,
  text,
  u16,
  u32,
  u64,
  union,
  versioned,
  word,
} from "../../wire/codec/index.ts";
import type { Entry, Inode, InodeKind, Layout, LayoutChoice } from "../model/inode.ts";
import { META_LIMITS } from "../model/limits.ts";

export const inodeKindCodec: Codec<InodeKind> = word([
  "file",
  "directory",
  "symlink",
  "fifo",
  "socket",
  "character",
  "block",
]);

const layoutFields = struct({
  table: chainTableIdCodec,
  tableVersion: u32,
  chunkBytes: u32,
  stripe: u16,
  seed: u32,
});

export const layoutCodec: Codec<Layout> = union({ replicated: [1, layoutFields] });

export const layoutChoiceCodec: Codec<LayoutChoice> = struct({
  table: optional(chainTableIdCodec),
  chunkBytes: optional(u32),
  stripe: optional(u16),
});

const common = {
  id: inodeIdCodec,
  mode: u16,
  uid: u32,
  gid: u32,
  nlink: u32,
  atimeNs: i64,
  mtimeNs: i64,
  ctimeNs: i64,
  birthNs: i64,
  flags: u32,
  quota: u32,
} as const;

const special = struct({ ...common, rdev: u32 });

export const inodeCodec: Codec<Inode> = union({
  file: [
    1,
    struct({
      ...common,
      length: u64,
      truncateVersion: u32,
      dataVersion: u32,
      layout: layoutCodec,
      inline: bool,
      written: bool,
      truncating: bool,
    }),
  ],
  directory: [
    2,
    struct({
      ...common,
      parent: inodeIdCodec,
      layout: layoutChoiceCodec,
      lock: optional(struct({ client: clientIdCodec, uid: u32, owner: text(255) })),
    }),
  ],
  symlink: [3, struct({ ...common, target: text(META_LIMITS.pathBytesMax) })],
  fifo: [4, special],
  socket: [5, special],
  character: [6, special],
  block: [7, special],
}) as Codec<Inode>;

export const inodeRow: Codec<Inode> = versioned(1, inodeCodec);

export const entryCodec: Codec<Entry> = struct({
  inode: inodeIdCodec,
  kind: inodeKindCodec,
});

export const entryRow: Codec<Entry> = versioned(1, entryCodec);

/** A row that `add` and `max` change. */
export const counterRow: Codec<bigint> = i64;
