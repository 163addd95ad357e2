/** Opens a file to be read, or a directory. Nothing is written: what is open to read only is known to its client alone. */
import { type ClientId, clientIdCodec, type SessionId, sessionIdCodec } from "../../ids.ts";
import { CAPABILITY_BYTES_MAX } from "../../service/capability.ts";
import { bool, bytes, optional, struct } from "../../wire/codec/index.ts";
import { MAY, refused, requireAccess } from "../access/permissions.ts";
import { told } from "../inodes/told.ts";
import type { Inode } from "../model/inode.ts";
import { metaMethod, type Operation, type QuestionHeader, query, questionFields } from "../operation.ts";
import { inodeCodec } from "../rows/inode-row.ts";
import { inlineKey } from "../rows/keys.ts";
import type { SessionDeps } from "./deps.ts";
import { grantTo } from "./grant.ts";
import { askedOf, checkTarget, findTarget, type OpenTarget, openTargetCodec } from "./open-target.ts";

export interface OpenToReadQuestion extends QuestionHeader {
  readonly client: ClientId;
  /** Chosen at random by the client; told to storage with each request. */
  readonly session: SessionId;
  readonly target: OpenTarget;
  /** `O_DIRECTORY`: anything else is `ENOTDIR`. */
  readonly directory: boolean;
}

export interface OpenToReadAnswer {
  readonly inode: Inode;
  /** For storage; nothing for directories. */
  readonly capability: Uint8Array | undefined;
  /** All of a small file. */
  readonly content: Uint8Array | undefined;
}

/** Bytes of a file that are kept beside its inode, at most. */
const CONTENT_BYTES_MAX = 16 * 1024;

export const openToRead: Operation<OpenToReadQuestion, OpenToReadAnswer, SessionDeps> = query({
  method: metaMethod({
    number: 104,
    name: "openToRead",
    question: struct({
      ...questionFields,
      client: clientIdCodec,
      session: sessionIdCodec,
      target: openTargetCodec,
      directory: bool,
    }),
    answer: struct({
      inode: inodeCodec,
      capability: optional(bytes(CAPABILITY_BYTES_MAX)),
      content: optional(bytes(CONTENT_BYTES_MAX)),
    }),
  }),
  check: ({ target }) => checkTarget(target, "open"),
  async run(context, question) {
    const asked = askedOf(question.target, "open");
    const { inode } = await findTarget(context, question.target, asked);
    if (inode === undefined) throw refused("ENOENT", asked);
    requireAccess(context.user, inode, MAY.read, asked);
    if (question.directory && inode.kind !== "directory") throw refused("ENOTDIR", asked);
    if (inode.kind === "directory") {
      return { inode: await told(context, inode), capability: undefined, content: undefined };
    }
    if (inode.kind !== "file") throw refused("ENXIO", asked, `it is a ${inode.kind}`);
    const [seen, content] = await Promise.all([
      told(context, inode),
      inode.inline ? context.transaction.get(inlineKey(inode.id)) : undefined,
    ]);
    const capability = grantTo(context, seen, { ...question, read: true, write: false });
    return { inode: seen, capability, content: inode.inline ? (content ?? new Uint8Array(0)) : undefined };
  },
});
