/** What may be asked of a storage service. Who asks whom, and why it is right: docs/chain-protocol.md. */

import type { Codec } from "../../wire/codec/index.ts";
import { type Access, type Method, method, SERVICE } from "../../wire/rpc/method.ts";
import * as forward from "./forward.ts";
import * as maintain from "./maintain.ts";
import { type DoneOrRefused, doneOrRefusedCodec } from "./outcome.ts";
import * as read from "./read.ts";
import * as sync from "./sync.ts";
import * as write from "./write.ts";

/** Any of them may be sent again: each says what is to be, or names its request. */
function storageMethod<Q, A>(definition: {
  readonly number: number;
  readonly name: string;
  readonly access: Access;
  readonly question: Codec<Q>;
  readonly answer: Codec<A>;
}): Method<Q, A> {
  const { number, name, access, question, answer } = definition;
  return method({
    id: SERVICE.storage * 256 + number,
    name: `storage.${name}`,
    question,
    answer,
    access,
    repeatable: false,
  });
}

/** For clients, with capabilities. */
export const READ: Method<read.ReadQuestion, read.ReadAnswer> = storageMethod({
  number: 1,
  name: "read",
  access: "user",
  question: read.readQuestionCodec,
  answer: read.readAnswerCodec,
});

export const WRITE: Method<write.WriteQuestion, write.WriteAnswer> = storageMethod({
  number: 2,
  name: "write",
  access: "user",
  question: write.writeQuestionCodec,
  answer: write.writeAnswerCodec,
});

/** Along a chain. */
export const FORWARD: Method<forward.ForwardQuestion, forward.ForwardAnswer> = storageMethod({
  number: 3,
  name: "forward",
  access: "member",
  question: forward.forwardQuestionCodec,
  answer: forward.forwardAnswerCodec,
});

export const NOTE: Method<forward.NoteQuestion, DoneOrRefused> = storageMethod({
  number: 4,
  name: "note",
  access: "member",
  question: forward.noteQuestionCodec,
  answer: doneOrRefusedCodec,
});

/** For metadata services. */
export const LAST_CHUNK: Method<maintain.LastChunkQuestion, maintain.LastChunkAnswer> = storageMethod({
  number: 5,
  name: "lastChunk",
  access: "member",
  question: maintain.lastChunkQuestionCodec,
  answer: maintain.lastChunkAnswerCodec,
});

export const REMOVE: Method<maintain.RemoveQuestion, maintain.RemoveAnswer> = storageMethod({
  number: 6,
  name: "remove",
  access: "member",
  question: maintain.removeQuestionCodec,
  answer: maintain.removeAnswerCodec,
});

export const TRUNCATE: Method<maintain.TruncateQuestion, DoneOrRefused> = storageMethod({
  number: 7,
  name: "truncate",
  access: "member",
  question: maintain.truncateQuestionCodec,
  answer: doneOrRefusedCodec,
});

export const REVOKE: Method<maintain.RevokeQuestion, maintain.RevokeAnswer> = storageMethod({
  number: 8,
  name: "revoke",
  access: "member",
  question: maintain.revokeQuestionCodec,
  answer: maintain.revokeAnswerCodec,
});

/** From the last replica that serves to the one that it brings up to date. */
export const SYNC_NOTES: Method<sync.SyncNotesQuestion, DoneOrRefused> = storageMethod({
  number: 9,
  name: "syncNotes",
  access: "member",
  question: sync.syncNotesQuestionCodec,
  answer: doneOrRefusedCodec,
});

export const SYNC_LIST: Method<sync.SyncListQuestion, sync.SyncListAnswer> = storageMethod({
  number: 10,
  name: "syncList",
  access: "member",
  question: sync.syncListQuestionCodec,
  answer: sync.syncListAnswerCodec,
});

export const SYNC_END: Method<sync.SyncEndQuestion, DoneOrRefused> = storageMethod({
  number: 11,
  name: "syncEnd",
  access: "member",
  question: sync.syncEndQuestionCodec,
  answer: doneOrRefusedCodec,
});

/** From a replica with a damaged chunk to another that serves. */
export const FETCH: Method<sync.FetchQuestion, sync.FetchAnswer> = storageMethod({
  number: 12,
  name: "fetch",
  access: "member",
  question: sync.fetchQuestionCodec,
  answer: sync.fetchAnswerCodec,
});
