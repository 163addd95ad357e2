/** What may be asked of a cluster manager. All but `primary` is answered by the primary alone; others say `NOT_PRIMARY`. */
import type { ClientId } from "../../ids.ts";
import { type Codec, nothing } from "../../wire/codec/index.ts";
import { type Method, method } from "../../wire/rpc/method.ts";
import type { Config, ConfigKind } from "../model/config.ts";
import { type ActionAnswer, actionAnswerCodec, type OperatorAction, operatorActionCodec } from "./actions.ts";
import * as messages from "./messages.ts";

const none: Codec<undefined> = nothing;

/** Where the primary is, as far as this one knows. */
export const PRIMARY: Method<undefined, messages.PrimaryAnswer> = method({
  id: 0x0201,
  name: "mgmtd.primary",
  question: none,
  answer: messages.primaryAnswerCodec,
  access: "anyone",
  repeatable: true,
});

export const HEARTBEAT: Method<messages.HeartbeatQuestion, messages.HeartbeatAnswer> = method({
  id: 0x0202,
  name: "mgmtd.heartbeat",
  question: messages.heartbeatQuestionCodec,
  answer: messages.heartbeatAnswerCodec,
  access: "member",
  // The next one has a higher version, and tells more.
  repeatable: false,
});

/** A supervisor saw a process of its own end. It counts at once. */
export const REPORT_DEAD: Method<messages.DeadReport, undefined> = method({
  id: 0x0203,
  name: "mgmtd.reportDead",
  question: messages.deadReportCodec,
  answer: none,
  access: "member",
  repeatable: true,
});

/** Waits until the routing is newer than what the asker knows, and tells what changed. */
export const WATCH_ROUTING: Method<messages.WatchQuestion, messages.WatchAnswer> = method({
  id: 0x0204,
  name: "mgmtd.watchRouting",
  question: messages.watchQuestionCodec,
  answer: messages.watchAnswerCodec,
  access: "user",
  repeatable: true,
});

/** Begins or extends a client's session. */
export const EXTEND_SESSION: Method<messages.SessionQuestion, messages.SessionAnswer> = method({
  id: 0x0205,
  name: "mgmtd.extendSession",
  question: messages.sessionQuestionCodec,
  answer: messages.sessionAnswerCodec,
  access: "user",
  repeatable: true,
});

export const END_SESSION: Method<{ readonly client: ClientId }, undefined> = method({
  id: 0x0206,
  name: "mgmtd.endSession",
  question: messages.endSessionCodec,
  answer: none,
  access: "user",
  repeatable: true,
});

/** Which of these clients are gone: the metadata service revokes their sessions. */
export const CLIENT_STATES: Method<
  { readonly clients: readonly ClientId[] },
  { readonly states: readonly messages.ClientState[] }
> = method({
  id: 0x0207,
  name: "mgmtd.clientStates",
  question: messages.clientsQuestionCodec,
  answer: messages.clientsAnswerCodec,
  access: "member",
  repeatable: true,
});

/** At most 10,000 of them, the oldest first. */
export const LIST_SESSIONS: Method<
  undefined,
  { readonly sessions: readonly messages.SessionInfo[]; readonly total: number }
> = method({
  id: 0x0208,
  name: "mgmtd.listSessions",
  question: none,
  answer: messages.sessionListCodec,
  access: "user",
  repeatable: true,
});

/** The newest configuration, or one version of it. */
export const GET_CONFIG: Method<
  { readonly kind: ConfigKind; readonly version: number | undefined },
  { readonly config: Config | undefined }
> = method({
  id: 0x0209,
  name: "mgmtd.getConfig",
  question: messages.configQuestionCodec,
  answer: messages.configAnswerCodec,
  access: "user",
  repeatable: true,
});

export const SET_CONFIG: Method<messages.SetConfigQuestion, { readonly version: number }> = method({
  id: 0x020a,
  name: "mgmtd.setConfig",
  question: messages.setConfigQuestionCodec,
  answer: messages.setConfigAnswerCodec,
  access: "user",
  repeatable: false,
});

export const CONFIG_HISTORY: Method<
  { readonly kind: ConfigKind; readonly limit: number },
  { readonly configs: readonly Config[] }
> = method({
  id: 0x020b,
  name: "mgmtd.configHistory",
  question: messages.historyQuestionCodec,
  answer: messages.historyAnswerCodec,
  access: "user",
  repeatable: true,
});

/** An operator's action. */
export const OPERATE: Method<OperatorAction, ActionAnswer> = method({
  id: 0x020c,
  name: "mgmtd.operate",
  question: operatorActionCodec,
  answer: actionAnswerCodec,
  access: "user",
  repeatable: false,
});

/** What nodes report, and targets in no chain. */
export const STATUS: Method<{ readonly from: number }, messages.StatusAnswer> = method({
  id: 0x020d,
  name: "mgmtd.status",
  question: messages.statusQuestionCodec,
  answer: messages.statusAnswerCodec,
  access: "user",
  repeatable: true,
});
