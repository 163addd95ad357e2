/** Questions and answers of the cluster manager, as values and as bytes. */
import type { NetAddress } from "@smallpond/base";
import {
  type ClientId,
  clientIdCodec,
  type NodeId,
  nodeIdCodec,
  type TargetId,
  targetIdCodec,
} from "../../ids.ts";
import {
  bool,
  type Codec,
  f64,
  list,
  optional,
  struct,
  text,
  u32,
  u64,
  varint,
  word,
} from "../../wire/codec/index.ts";
import {
  CONFIG_LIMITS,
  type Config,
  type ConfigKind,
  configCodec,
  configKindCodec,
} from "../model/config.ts";
import {
  addressesCodec,
  type Incarnation,
  incarnationCodec,
  NODE_LIMITS,
  type NodeKind,
  nodeKindCodec,
} from "../model/node.ts";
import {
  type NodeReport,
  nodeReportCodec,
  REPORT_LIMITS,
  type TargetReport,
  targetReportCodec,
} from "../model/report.ts";
import { type RoutingChanges, routingFields } from "../model/routing.ts";
import { type TargetInfo, targetInfoCodec } from "../model/target.ts";

export interface PrimaryAnswer {
  /** Nothing if nobody is, as far as this one knows. */
  readonly primary: PrimaryPlace | undefined;
}

export interface PrimaryPlace {
  readonly node: NodeId;
  readonly term: bigint;
  readonly addresses: readonly NetAddress[];
}

export const primaryAnswerCodec: Codec<PrimaryAnswer> = struct({
  primary: optional(struct({ node: nodeIdCodec, term: u64, addresses: addressesCodec })),
});

export interface HeartbeatQuestion {
  /** Whom it is meant for: one that was on its way for long must not be taken for one of now. */
  readonly term: bigint;
  readonly node: NodeId;
  readonly kind: NodeKind;
  readonly incarnation: Incarnation;
  /** Rises from heartbeat to heartbeat of the node, over all of its lives. */
  readonly version: bigint;
  readonly addresses: readonly NetAddress[];
  /** What the node calls its host; counts when nobody registered it. */
  readonly host: string;
  readonly configVersion: number;
  readonly configError: string | undefined;
  /** All targets of the node. */
  readonly targets: readonly TargetReport[];
}

export const heartbeatQuestionCodec: Codec<HeartbeatQuestion> = struct({
  term: u64,
  node: nodeIdCodec,
  kind: nodeKindCodec,
  incarnation: incarnationCodec,
  version: u64,
  addresses: addressesCodec,
  host: text(NODE_LIMITS.textBytesMax),
  configVersion: u32,
  configError: optional(text(1024)),
  targets: list(targetReportCodec, REPORT_LIMITS.targetsMax),
});

export interface HeartbeatAnswer {
  /** From when the heartbeat was sent, by the node's clock; 0: the lease is not renewed, ask again soon. */
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  /** A node whose lease had run out serves only once it knows this version of the routing. */
  readonly routingVersion: bigint;
  /** Targets that must not serve: the node reports them `offline` once they do not. Those not named may. */
  readonly release: readonly TargetId[];
  /** If it is newer than the node's. */
  readonly config: Config | undefined;
}

export const heartbeatAnswerCodec: Codec<HeartbeatAnswer> = struct({
  leaseMs: u32,
  heartbeatMs: u32,
  routingVersion: u64,
  release: list(targetIdCodec, REPORT_LIMITS.targetsMax),
  config: optional(configCodec),
});

export interface DeadReport {
  readonly node: NodeId;
  readonly incarnation: Incarnation;
}

export const deadReportCodec: Codec<DeadReport> = struct({
  node: nodeIdCodec,
  incarnation: incarnationCodec,
});

export interface WatchQuestion {
  /** The version that the asker knows; 0 for nothing. */
  readonly since: bigint;
  /** How long to wait for something newer; 0 to be answered at once. */
  readonly waitMs: number;
}

export const watchQuestionCodec: Codec<WatchQuestion> = struct({ since: u64, waitMs: u32 });

export interface WatchAnswer extends RoutingChanges {
  /** Nodes are asked for a heartbeat now: chains wait for their word. */
  readonly ask: boolean;
}

export const watchAnswerCodec: Codec<WatchAnswer> = struct({ ...routingFields, ask: bool });

export interface SessionQuestion {
  readonly client: ClientId;
  /** What it is, in its own words: `fuse on host 7`. */
  readonly about: string;
  readonly configVersion: number;
}

export const sessionQuestionCodec: Codec<SessionQuestion> = struct({
  client: clientIdCodec,
  about: text(255),
  configVersion: u32,
});

export interface SessionAnswer {
  /** The client is gone unless it says something within this time. */
  readonly sessionMs: number;
  readonly routingVersion: bigint;
  /** If it is newer than the client's. */
  readonly config: Config | undefined;
}

export const sessionAnswerCodec: Codec<SessionAnswer> = struct({
  sessionMs: u32,
  routingVersion: u64,
  config: optional(configCodec),
});

export const endSessionCodec: Codec<{ readonly client: ClientId }> = struct({ client: clientIdCodec });

/** `unknown`: this primary has not been one for long enough to miss anybody. */
export type ClientState = "alive" | "gone" | "unknown";

export const CLIENT_LIMITS: { readonly askedMax: number; readonly listedMax: number } = {
  askedMax: 10_000,
  listedMax: 10_000,
};

export const clientsQuestionCodec: Codec<{ readonly clients: readonly ClientId[] }> = struct({
  clients: list(clientIdCodec, CLIENT_LIMITS.askedMax),
});

/** In the order of the question. */
export const clientsAnswerCodec: Codec<{ readonly states: readonly ClientState[] }> = struct({
  states: list(word(["alive", "gone", "unknown"]), CLIENT_LIMITS.askedMax),
});

export interface SessionInfo {
  readonly client: ClientId;
  readonly about: string;
  readonly uid: number;
  readonly ageMs: number;
  readonly silentMs: number;
}

export const sessionListCodec: Codec<{ readonly sessions: readonly SessionInfo[]; readonly total: number }> =
  struct({
    sessions: list(
      struct({ client: clientIdCodec, about: text(255), uid: u32, ageMs: f64, silentMs: f64 }),
      CLIENT_LIMITS.listedMax,
    ),
    total: varint,
  });

export const configQuestionCodec: Codec<{ readonly kind: ConfigKind; readonly version: number | undefined }> =
  struct({
    kind: configKindCodec,
    version: optional(u32),
  });

export const configAnswerCodec: Codec<{ readonly config: Config | undefined }> = struct({
  config: optional(configCodec),
});

export interface SetConfigQuestion {
  readonly kind: ConfigKind;
  readonly text: string;
  readonly note: string;
  /** The version it was made from; 0 if there was none. Another one by now is `CONFIG_CONFLICT`. */
  readonly basedOn: number;
}

export const setConfigQuestionCodec: Codec<SetConfigQuestion> = struct({
  kind: configKindCodec,
  text: text(CONFIG_LIMITS.textBytesMax),
  note: text(CONFIG_LIMITS.noteBytesMax),
  basedOn: u32,
});

export const setConfigAnswerCodec: Codec<{ readonly version: number }> = struct({ version: u32 });

export const historyQuestionCodec: Codec<{ readonly kind: ConfigKind; readonly limit: number }> = struct({
  kind: configKindCodec,
  limit: u32,
});

export const historyAnswerCodec: Codec<{ readonly configs: readonly Config[] }> = struct({
  configs: list(configCodec, CONFIG_LIMITS.historyMax),
});

export interface StatusAnswer {
  readonly term: bigint;
  readonly routingVersion: bigint;
  /** Those heard of in this term. */
  readonly nodes: readonly NodeReport[];
  /** Reported, and in no chain. */
  readonly orphans: readonly TargetInfo[];
  readonly more: boolean;
}

/** From this node on: the cluster is told of in pieces. */
export const statusQuestionCodec: Codec<{ readonly from: number }> = struct({ from: u32 });

export const statusAnswerCodec: Codec<StatusAnswer> = struct({
  term: u64,
  routingVersion: u64,
  nodes: list(nodeReportCodec, REPORT_LIMITS.nodesMax),
  orphans: list(targetInfoCodec, REPORT_LIMITS.nodesMax),
  more: bool,
});
