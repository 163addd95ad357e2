/**
 * A check of the metadata over RPC. It takes longer than a call, so it is begun by a question and then asked about: how
 * far it is, and what it found, some findings at a time. It goes on for as long as somebody asks.
 */
import { type RequestId, requestIdCodec } from "../../../ids.ts";
import {
  bool,
  type Codec,
  list,
  optional,
  struct,
  text,
  u8,
  u32,
  varint,
  word,
} from "../../../wire/codec/index.ts";
import type { Method } from "../../../wire/rpc/method.ts";
import { metaMethod, type QuestionHeader, questionFields } from "../../operation.ts";
import type { Finding, FindingCode, FsckReport, Severity } from "../finding.ts";
import type { RepairOutcome } from "../repair.ts";

export const FSCK_LIMITS: {
  /** Findings in one answer. */
  readonly findingsMax: number;
  /** How long one question waits for news at most. */
  readonly waitMsMax: number;
  readonly looksMax: number;
} = { findingsMax: 100, waitMsMax: 1000, looksMax: 20 };

export interface FsckPlan {
  /** What is wrong is what so many looks find, see `checkLive`. From 1. */
  readonly looks: number;
  /** Between two looks. */
  readonly pauseMs: number;
  /** Whether what is found is set right where that is safe. */
  readonly repair: boolean;
}

export interface FsckQuestion extends QuestionHeader {
  /** The check's name, drawn by who asks. */
  readonly check: RequestId;
  /** Begins the check if the service does not know it; without it that is `ESTALE`. */
  readonly begin: FsckPlan | undefined;
  /** How many findings were told. */
  readonly after: number;
  readonly waitMs: number;
  /** Ends it; the answer tells how far it was. */
  readonly stop: boolean;
}

/** `possible`: it can be set right safely, and was not asked to be. */
export type ToldRepair = RepairOutcome | "possible";

export interface ToldFinding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly subject: string;
  readonly detail: string;
  readonly repair: ToldRepair;
}

export interface FsckAnswer {
  /** `done`: all that was found is told with this answer, or can be asked for. */
  readonly state: "checking" | "repairing" | "done" | "stopped";
  /** From 1. */
  readonly look: number;
  /** Read by this look. */
  readonly rows: number;
  /** The next ones after those that were told. */
  readonly findings: readonly ToldFinding[];
  /** In all, once that is known. */
  readonly report: FsckSummary | undefined;
}

export interface FsckSummary extends Pick<FsckReport, "truncated" | "inodes" | "entries" | "rows"> {
  readonly findings: number;
}

const TEXT_CHARACTERS_MAX = 1000;
/** Of a character outside of ASCII. */
const CHARACTER_BYTES_MAX = 4;
const told: Codec<string> = text(TEXT_CHARACTERS_MAX * CHARACTER_BYTES_MAX);

const findingCodec: Codec<ToldFinding> = struct({
  code: text(64) as Codec<FindingCode>,
  severity: word<Severity>(["broken", "leak", "untidy"]),
  subject: told,
  detail: told,
  repair: word<ToldRepair>(["none", "possible", "repaired", "changed"]),
});

/** Root and administrators only. */
export const FSCK: Method<FsckQuestion, FsckAnswer> = metaMethod({
  number: 152,
  name: "fsck",
  question: struct({
    ...questionFields,
    check: requestIdCodec,
    begin: optional(struct({ looks: u8, pauseMs: u32, repair: bool })),
    after: u32,
    waitMs: u32,
    stop: bool,
  }),
  answer: struct({
    state: word<FsckAnswer["state"]>(["checking", "repairing", "done", "stopped"]),
    look: u8,
    rows: varint,
    findings: list(findingCodec, FSCK_LIMITS.findingsMax),
    report: optional(
      struct({ truncated: bool, inodes: varint, entries: varint, rows: varint, findings: varint }),
    ),
  }),
});

/** A finding as it is told: without rows, and with texts that can be sent. */
export function toldFinding({ code, severity, subject, detail }: Finding, repair: ToldRepair): ToldFinding {
  return { code, severity, subject: sendable(subject), detail: sendable(detail), repair };
}

function sendable(whole: string): string {
  const cut = whole.length <= TEXT_CHARACTERS_MAX ? whole : `${whole.slice(0, TEXT_CHARACTERS_MAX - 1)}…`;
  return cut.replace(/\p{Surrogate}/gu, "\ufffd");
}
