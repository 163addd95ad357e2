/** What a path leads to, in one question. */
import { type InodeId, inodeIdCodec } from "../../ids.ts";
import { bool, optional, struct, text } from "../../wire/codec/index.ts";
import { refused } from "../access/permissions.ts";
import { told } from "../inodes/told.ts";
import type { Inode } from "../model/inode.ts";
import { checkPath, PATH_WIRE_BYTES_MAX } from "../model/names.ts";
import type { NamespaceDeps } from "../namespace-deps.ts";
import { metaMethod, type Operation, type QuestionHeader, query, questionFields } from "../operation.ts";
import { inodeCodec } from "../rows/inode-row.ts";
import { walk } from "../walk/walk.ts";

export interface StatPathQuestion extends QuestionHeader {
  /** Where a relative path starts. */
  readonly directory: InodeId;
  readonly path: string;
  /** Whether a symbolic link at the end is followed. */
  readonly follow: boolean;
}

export interface StatPathAnswer {
  readonly inode: Inode;
  /** In which directory the last step was taken; nothing if the path ends in `.`, `..` or its start. */
  readonly directory: InodeId | undefined;
}

export const statPath: Operation<StatPathQuestion, StatPathAnswer, NamespaceDeps> = query({
  method: metaMethod({
    number: 4,
    name: "statPath",
    question: struct({
      ...questionFields,
      directory: inodeIdCodec,
      path: text(PATH_WIRE_BYTES_MAX),
      follow: bool,
    }),
    answer: struct({ inode: inodeCodec, directory: optional(inodeIdCodec) }),
  }),
  check: ({ path }) => checkPath(path, "statPath"),
  async run(context, { directory: start, path, follow }) {
    const asked = { operation: "statPath", subject: path };
    const { inode, last } = await walk(context.transaction, context.user, { start, path, follow }, asked);
    if (inode === undefined) throw refused("ENOENT", asked);
    return { inode: await told(context, inode), directory: last?.directory.id };
  },
});
