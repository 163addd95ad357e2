/**
 * Where an append goes. Ranges are given out one after another, so that appends of many clients never overlap. What was
 * reserved and never written stays a hole, which reads as zeros once something behind it is there.
 */
import { type InodeId, inodeIdCodec, type SessionId, sessionIdCodec } from "../../ids.ts";
import { type Codec, decode, encode, struct, u32, u64, varint, versioned } from "../../wire/codec/index.ts";
import { refused } from "../access/permissions.ts";
import type { FileInode } from "../model/inode.ts";
import { META_LIMITS } from "../model/limits.ts";
import {
  type MutationHeader,
  metaMethod,
  mutation,
  mutationFields,
  type Operation,
  type OperationContext,
} from "../operation.ts";
import { appendKey } from "../rows/keys.ts";
import type { SessionDeps } from "./deps.ts";
import { requireSameData, requireSession } from "./open-session.ts";
import { sessionsOf } from "./session-row.ts";

export interface ReserveAppendQuestion extends MutationHeader {
  readonly inode: InodeId;
  readonly session: SessionId;
  /** At least 1. */
  readonly bytes: number;
}

export interface ReserveAppendAnswer {
  readonly offset: bigint;
  /** For the hint that the writes come to. */
  readonly truncateVersion: number;
}

/** Of which data and since which truncation the end is; of others it says nothing. */
interface AppendEnd {
  readonly end: bigint;
  readonly dataVersion: number;
  readonly truncateVersion: number;
}

export const appendEndRow: Codec<AppendEnd> = versioned(
  1,
  struct({ end: u64, dataVersion: u32, truncateVersion: u32 }),
);

/** With more sessions than that, storage is asked without looking at them. */
const SESSIONS_MAX = 256;

type Deps = Pick<SessionDeps, "lengths">;

export const reserveAppend: Operation<ReserveAppendQuestion, ReserveAppendAnswer, Deps> = mutation({
  method: metaMethod({
    number: 108,
    name: "reserveAppend",
    question: struct({ ...mutationFields, inode: inodeIdCodec, session: sessionIdCodec, bytes: varint }),
    answer: struct({ offset: u64, truncateVersion: u32 }),
  }),
  check: ({ inode, bytes }) => {
    if (bytes < 1) throw refused("EINVAL", { operation: "append", subject: `inode ${inode}` }, "no bytes");
  },
  async run(context, question) {
    const { transaction, deps, signal } = context;
    const asked = { operation: "append", subject: `inode ${question.inode}` };
    const open = await requireSession(transaction, question, question.client, asked);
    requireSameData(open, asked);
    const { file } = open;
    if (file.truncating) await deps.lengths.endTruncation(file, { signal });
    const offset = await endOf(context, file);
    const end = offset + BigInt(question.bytes);
    if (end > META_LIMITS.fileBytesMax) throw refused("EFBIG", asked);
    const { dataVersion, truncateVersion } = file;
    transaction.set(appendKey(file.id), encode(appendEndRow, { end, dataVersion, truncateVersion }));
    return { offset, truncateVersion };
  },
});

async function endOf(
  { transaction, deps, signal }: OperationContext<Deps>,
  file: FileInode,
): Promise<bigint> {
  const [row, sessions] = await Promise.all([
    transaction.get(appendKey(file.id)),
    sessionsOf(transaction, file.id, SESSIONS_MAX),
  ]);
  let end = file.length;
  const reserved = row === undefined ? undefined : decode(appendEndRow, row);
  const valid =
    reserved?.dataVersion === file.dataVersion && reserved.truncateVersion === file.truncateVersion;
  if (valid && reserved.end > end) end = reserved.end;
  // Where all who write append, nobody wrote past what was reserved.
  const known = valid && sessions.length < SESSIONS_MAX && sessions.every((each) => each.row.append);
  if (known) return end;
  const measured = await deps.lengths.measure(file, { signal });
  return measured > end ? measured : end;
}
