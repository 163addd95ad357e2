/** What a name in a directory leads to. `.` and `..` are names here, as for a kernel that asks for them. */
import { type InodeId, inodeIdCodec } from "../../ids.ts";
import { struct, text } from "../../wire/codec/index.ts";
import { MAY, refused, requireAccess } from "../access/permissions.ts";
import { asDirectory, readEntryInode, readPlace, requireInodeRow } from "../inodes/reads.ts";
import { told } from "../inodes/told.ts";
import type { Inode } from "../model/inode.ts";
import { checkName, PATH_WIRE_BYTES_MAX } from "../model/names.ts";
import type { NamespaceDeps } from "../namespace-deps.ts";
import {
  metaMethod,
  type Operation,
  type OperationContext,
  type QuestionHeader,
  query,
  questionFields,
} from "../operation.ts";
import { inodeCodec } from "../rows/inode-row.ts";
import { parentOf } from "../walk/walk.ts";

export interface LookupQuestion extends QuestionHeader {
  readonly directory: InodeId;
  readonly name: string;
}

export interface LookupAnswer {
  readonly inode: Inode;
}

export const lookup: Operation<LookupQuestion, LookupAnswer, NamespaceDeps> = query({
  method: metaMethod({
    number: 1,
    name: "lookup",
    question: struct({ ...questionFields, directory: inodeIdCodec, name: text(PATH_WIRE_BYTES_MAX) }),
    answer: struct({ inode: inodeCodec }),
  }),
  check({ name }) {
    if (!isDots(name)) checkName(name, "lookup");
  },
  async run(context, question) {
    const inode = isDots(question.name) ? await near(context, question) : await child(context, question);
    return { inode: await told(context, inode) };
  },
});

function isDots(name: string): boolean {
  return name === "." || name === "..";
}

async function child(
  { transaction, user }: OperationContext<NamespaceDeps>,
  question: LookupQuestion,
): Promise<Inode> {
  const asked = { operation: "lookup", subject: question.name };
  const { directory, entry } = await readPlace(transaction, question.directory, question.name, asked);
  requireAccess(user, directory, MAY.execute, asked);
  if (entry === undefined) throw refused("ENOENT", asked);
  return readEntryInode(transaction, entry);
}

async function near(
  { transaction, user }: OperationContext<NamespaceDeps>,
  { directory: id, name }: LookupQuestion,
): Promise<Inode> {
  const asked = { operation: "lookup", subject: name };
  const directory = asDirectory(await requireInodeRow(transaction, id, asked), asked);
  requireAccess(user, directory, MAY.execute, asked);
  return name === "." ? directory : parentOf(transaction, directory, asked);
}
