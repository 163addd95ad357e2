/**
 * A page of a directory's entries, in the order of their names' bytes. The next page begins after a name, so whatever is
 * there from the first page to the last is told once, however much comes and goes between pages.
 */
import { type InodeId, inodeIdCodec } from "../../ids.ts";
import { afterKey, afterPrefix } from "../../metastore/keys.ts";
import { bool, decode, list, optional, struct, text, varint } from "../../wire/codec/index.ts";
import { allows, MAY, requireAccess } from "../access/permissions.ts";
import { asDirectory, readInodeRows, requireInodeRow } from "../inodes/reads.ts";
import { toldAll } from "../inodes/told.ts";
import { fsError } from "../model/errors.ts";
import type { Inode, InodeKind } from "../model/inode.ts";
import { META_LIMITS } from "../model/limits.ts";
import type { NamespaceDeps } from "../namespace-deps.ts";
import { metaMethod, type Operation, type QuestionHeader, query, questionFields } from "../operation.ts";
import { entryRow, inodeCodec, inodeKindCodec } from "../rows/inode-row.ts";
import { entryKey } from "../rows/keys.ts";

/** Entries of one page. */
export const READDIR_MAX: number = 1000;
/** With attributes a page ends early rather than be larger, by estimate: targets of links are what is long. */
const PAGE_BYTES_MAX = 1024 * 1024;

export interface ReaddirQuestion extends QuestionHeader {
  readonly directory: InodeId;
  /** The last name of the page before; nothing for the first page. */
  readonly after: string | undefined;
  /** 1 to 1,000. */
  readonly limit: number;
  /** Whether inodes are told too. Without search permission they are not. */
  readonly attributes: boolean;
}

export interface ReaddirEntry {
  readonly name: string;
  readonly id: InodeId;
  readonly kind: InodeKind;
  readonly inode: Inode | undefined;
}

export interface ReaddirAnswer {
  /** Without `.` and `..`. */
  readonly entries: readonly ReaddirEntry[];
  readonly more: boolean;
}

export const readdir: Operation<ReaddirQuestion, ReaddirAnswer, NamespaceDeps> = query({
  method: metaMethod({
    number: 14,
    name: "readdir",
    question: struct({
      ...questionFields,
      directory: inodeIdCodec,
      after: optional(text(META_LIMITS.nameBytesMax)),
      limit: varint,
      attributes: bool,
    }),
    answer: struct({
      entries: list(
        struct({
          name: text(META_LIMITS.nameBytesMax),
          id: inodeIdCodec,
          kind: inodeKindCodec,
          inode: optional(inodeCodec),
        }),
        READDIR_MAX,
      ),
      more: bool,
    }),
  }),
  check({ directory, limit }) {
    if (limit >= 1 && limit <= READDIR_MAX) return;
    throw fsError("EINVAL", "readdir", `inode ${directory}`, {
      reason: `a page has 1 to ${READDIR_MAX} entries`,
    });
  },
  async run(context, question) {
    const { transaction, user } = context;
    const { directory: id, after, limit, attributes } = question;
    const asked = { operation: "readdir", subject: `inode ${id}` };
    const all = entryKey(id, "");
    const begin = after === undefined ? all : afterKey(entryKey(id, after));
    const [row, page] = await Promise.all([
      requireInodeRow(transaction, id, asked),
      transaction.range({ begin, end: afterPrefix(all) }, { limit }),
    ]);
    const directory = asDirectory(row, asked);
    requireAccess(user, directory, MAY.read, asked);
    const names = new TextDecoder("utf-8", { ignoreBOM: true });
    const entries = page.entries.map(({ key, value }) => {
      const { inode, kind } = decode(entryRow, value);
      return { name: names.decode(key.subarray(all.length)), id: inode, kind, inode: undefined };
    });
    if (!attributes || !allows(user, directory, MAY.execute)) return { entries, more: page.more };
    const ids = entries.map((entry) => entry.id);
    const inodes = await toldAll(context, await readInodeRows(transaction, ids));
    return cut(
      entries.map((entry, at) => ({ ...entry, inode: inodes[at] })),
      page.more,
    );
  },
});

function cut(entries: readonly ReaddirEntry[], more: boolean): ReaddirAnswer {
  let bytes = 0;
  for (const [at, { name, inode }] of entries.entries()) {
    bytes += 200 + 3 * name.length + (inode?.kind === "symlink" ? 3 * inode.target.length : 0);
    if (bytes > PAGE_BYTES_MAX && at > 0) return { entries: entries.slice(0, at), more: true };
  }
  return { entries, more };
}
