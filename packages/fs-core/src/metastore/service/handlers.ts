/** The owner's side of the methods: whoever does not own the store says so. */
import { PondError } from "@smallpond/base";
import { decode } from "../../wire/codec/index.ts";
import type { CallContext, RpcRouter } from "../../wire/index.ts";
import type { CommitRequest, SnapshotPoint } from "../engine/backend.ts";
import type { Engine } from "../engine/engine.ts";
import { metastoreError, tooOld } from "../errors.ts";
import { USER_KEYS_END } from "../key-text.ts";
import type { KeyValue } from "../ordered-store.ts";
import { type CommitOutcome, TRANSACTION_LIMITS } from "../transaction.ts";
import {
  type CommitBody,
  commitBody,
  type RangeAnswer,
  type RangeQuestion,
  type ReadAnswer,
  type ReadQuestion,
} from "./messages.ts";
import { METASTORE_COMMIT, METASTORE_RANGE, METASTORE_READ } from "./methods.ts";

/** The engine of the epoch that this process owns; it throws `NOT_OWNER` if there is none. */
export type EngineHere = () => Engine;

/** Bytes of rows in one answer; one more value fits into a message. */
const ANSWER_BYTES_MAX = 2 ** 20;

export function registerMetastore(router: RpcRouter, engineHere: EngineHere): void {
  router.handle(METASTORE_READ, (question) => read(engineHere(), question));
  router.handle(METASTORE_RANGE, (question) => range(engineHere(), question));
  router.handle(METASTORE_COMMIT, (question, context) => commit(engineHere(), question, context));
}

async function read(engine: Engine, { at, keys, released }: ReadQuestion): Promise<ReadAnswer> {
  giveBack(engine, released);
  for (const key of keys) assertUserKey(key);
  const shared = await sharedAt(engine, at);
  const values = keys.length === 0 ? [] : await shared.read((store) => store.getMany(keys));
  let bytes = 0;
  const fitting = values.findIndex((value) => {
    bytes += value?.length ?? 0;
    return bytes > ANSWER_BYTES_MAX;
  });
  return {
    at: { epoch: engine.epoch, version: shared.version },
    values: fitting === -1 ? values : values.slice(0, fitting + 1),
  };
}

async function range(engine: Engine, question: RangeQuestion): Promise<RangeAnswer> {
  const { at, released, limit, reverse } = question;
  giveBack(engine, released);
  const end = question.range.end[0] === 0xff ? Uint8Array.of(0xff) : question.range.end;
  const shared = await sharedAt(engine, at);
  const rows = await shared.read((store) =>
    store.range({ begin: question.range.begin, end }, { limit: Math.min(limit, 1001), reverse }),
  );
  const fitting = fittingRows(rows);
  return {
    at: { epoch: engine.epoch, version: shared.version },
    rows: fitting,
    cut: fitting.length < rows.length,
  };
}

async function commit(engine: Engine, inline: Uint8Array, context: CallContext): Promise<CommitOutcome> {
  const encoded = inline.length > 0 ? inline : context.received?.view;
  if (encoded === undefined)
    throw new PondError("BAD_MESSAGE", { kind: "corrupt", message: "a commit without a body" });
  return await engine.commit(requestOf(decode(commitBody, encoded)));
}

/** Checks what another process claims, as it did before it sent. */
function requestOf(body: CommitBody): CommitRequest {
  let bytes = 0;
  for (const write of body.writes) {
    assertUserKey(write.key);
    if (write.kind === "stamp" && write.value.length < 8)
      throw badCommit("a versionstamped value is too short");
    bytes += write.key.length + ("value" in write ? write.value.length : 8);
  }
  for (const text of body.readPoints) bytes += text.length;
  for (const { begin, end } of [...body.readRanges, ...body.cleared]) {
    if (begin >= end || end > USER_KEYS_END) throw badCommit("a range is empty or beyond the users' keys");
    bytes += begin.length + end.length;
  }
  if (new Set(body.writes.map(({ text }) => text)).size < body.writes.length)
    throw badCommit("a key is written twice");
  if (bytes > TRANSACTION_LIMITS.bytesMax) {
    throw metastoreError(
      "TRANSACTION_TOO_LARGE",
      `a transaction of ${bytes} bytes; the most is ${TRANSACTION_LIMITS.bytesMax}`,
    );
  }
  return { ...body, readPoints: new Set(body.readPoints), bytes };
}

async function sharedAt(engine: Engine, at: SnapshotPoint | undefined): ReturnType<Engine["share"]> {
  if (at === undefined) return await engine.share();
  if (at.epoch !== engine.epoch) throw tooOld();
  return engine.shared(at.version);
}

function giveBack(engine: Engine, released: readonly SnapshotPoint[]): void {
  for (const { epoch, version } of released) if (epoch === engine.epoch) engine.unshare(version);
}

function fittingRows(rows: readonly KeyValue[]): readonly KeyValue[] {
  let bytes = 0;
  for (const [at, { key, value }] of rows.entries()) {
    bytes += key.length + value.length;
    if (bytes > ANSWER_BYTES_MAX) return rows.slice(0, at + 1);
  }
  return rows;
}

function assertUserKey(key: Uint8Array): void {
  if (key.length === 0 || key[0] === 0xff) throw metastoreError("KEY_INVALID", "a key that no user may have");
}

function badCommit(why: string): PondError {
  return new PondError("BAD_MESSAGE", {
    kind: "corrupt",
    message: `a commit that no transaction makes: ${why}`,
  });
}
