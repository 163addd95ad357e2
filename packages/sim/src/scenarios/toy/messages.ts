/** What replicas and clients say to one another, and its bytes. Every message begins with a version and its kind. */
import { ByteReader, ByteWriter, badBytes } from "./codec.ts";

export type Update =
  /** The first record of every epoch; changes nothing. */
  | { readonly kind: "noop" }
  | { readonly kind: "write"; readonly key: string; readonly value: string }
  | { readonly kind: "cas"; readonly key: string; readonly expected: string; readonly value: string };

/** An update in the log, with who asked for it: that is what makes a retry recognisable on every replica. */
export interface LogRecord {
  readonly epoch: number;
  readonly session: string;
  readonly sequence: number;
  readonly update: Update;
}

export interface VoteRequest {
  readonly kind: "vote";
  readonly epoch: number;
  readonly candidate: number;
  readonly lastIndex: number;
  readonly lastEpoch: number;
}

export interface VoteReply {
  readonly kind: "voted";
  readonly epoch: number;
  readonly granted: boolean;
  /** The voter may have forgotten something it once promised or stored. */
  readonly suspect: boolean;
}

export interface AppendRequest {
  readonly kind: "append";
  readonly epoch: number;
  readonly primary: number;
  readonly previousIndex: number;
  readonly previousEpoch: number;
  readonly commitIndex: number;
  /** The end of the primary's log when it sent this. */
  readonly lastIndex: number;
  /** The boot of the receiver which the primary, being current, has heard all others after; 0 if none. */
  readonly confirmedBoot: number;
  readonly records: readonly LogRecord[];
}

export interface AppendReply {
  readonly kind: "appended";
  readonly epoch: number;
  readonly ok: boolean;
  /** Up to where the replica's log is the primary's, durably; where to look next if not `ok`. */
  readonly matchIndex: number;
  readonly boot: number;
  readonly suspect: boolean;
}

export interface ClientRequest {
  readonly kind: "request";
  readonly session: string;
  readonly sequence: number;
  readonly update: Update;
}

export interface ReadRequest {
  readonly kind: "read";
  readonly key: string;
}

/** `done`: it took effect. `refused`: it did not, and never will by this request. `unsure`: nobody knows. */
export interface ClientReply {
  readonly kind: "reply";
  readonly status: "done" | "refused" | "unsure";
  readonly value: string;
  /** Who the primary may be; -1 if the replica has no idea. */
  readonly hint: number;
}

export type Message =
  | VoteRequest
  | VoteReply
  | AppendRequest
  | AppendReply
  | ClientRequest
  | ReadRequest
  | ClientReply;

const VERSION = 1;
const KINDS = ["vote", "voted", "append", "appended", "request", "read", "reply"] as const;
const UPDATES = ["noop", "write", "cas"] as const;
const STATUSES = ["done", "refused", "unsure"] as const;

export function encodeMessage(message: Message): Uint8Array {
  const writer = new ByteWriter().u8(VERSION).u8(KINDS.indexOf(message.kind));
  switch (message.kind) {
    case "vote":
      writer.u32(message.epoch).u8(message.candidate).u32(message.lastIndex).u32(message.lastEpoch);
      break;
    case "voted":
      writer.u32(message.epoch).u8(Number(message.granted)).u8(Number(message.suspect));
      break;
    case "append":
      writer.u32(message.epoch).u8(message.primary).u32(message.previousIndex).u32(message.previousEpoch);
      writer.u32(message.commitIndex).u32(message.lastIndex).u32(message.confirmedBoot);
      writer.u32(message.records.length);
      for (const record of message.records) writer.bytes(encodeRecord(record));
      break;
    case "appended":
      writer.u32(message.epoch).u8(Number(message.ok)).u32(message.matchIndex).u32(message.boot);
      writer.u8(Number(message.suspect));
      break;
    case "request":
      writer.text(message.session).u32(message.sequence);
      putUpdate(writer, message.update);
      break;
    case "read":
      writer.text(message.key);
      break;
    case "reply":
      writer
        .u8(STATUSES.indexOf(message.status))
        .text(message.value)
        .u8(message.hint + 1);
      break;
    default:
      message satisfies never;
  }
  return writer.finish();
}

export function decodeMessage(bytes: Uint8Array): Message {
  const reader = new ByteReader(bytes);
  if (reader.u8() !== VERSION) throw badBytes("a message of another version");
  const message = getMessage(reader, oneOf(KINDS, reader.u8()));
  reader.end();
  return message;
}

export function encodeRecord(record: LogRecord): Uint8Array {
  const writer = new ByteWriter().u8(VERSION).u32(record.epoch).text(record.session).u32(record.sequence);
  putUpdate(writer, record.update);
  return writer.finish();
}

export function decodeRecord(bytes: Uint8Array): LogRecord {
  const reader = new ByteReader(bytes);
  if (reader.u8() !== VERSION) throw badBytes("a record of another version");
  const record = {
    epoch: reader.u32(),
    session: reader.text(),
    sequence: reader.u32(),
    update: getUpdate(reader),
  };
  reader.end();
  return record;
}

function getMessage(reader: ByteReader, kind: (typeof KINDS)[number]): Message {
  switch (kind) {
    case "vote":
      return {
        kind,
        epoch: reader.u32(),
        candidate: reader.u8(),
        lastIndex: reader.u32(),
        lastEpoch: reader.u32(),
      };
    case "voted":
      return { kind, epoch: reader.u32(), granted: reader.u8() === 1, suspect: reader.u8() === 1 };
    case "append":
      return {
        kind,
        epoch: reader.u32(),
        primary: reader.u8(),
        previousIndex: reader.u32(),
        previousEpoch: reader.u32(),
        commitIndex: reader.u32(),
        lastIndex: reader.u32(),
        confirmedBoot: reader.u32(),
        records: Array.from({ length: reader.u32() }, () => decodeRecord(reader.bytes())),
      };
    case "appended":
      return {
        kind,
        epoch: reader.u32(),
        ok: reader.u8() === 1,
        matchIndex: reader.u32(),
        boot: reader.u32(),
        suspect: reader.u8() === 1,
      };
    case "request":
      return { kind, session: reader.text(), sequence: reader.u32(), update: getUpdate(reader) };
    case "read":
      return { kind, key: reader.text() };
    case "reply":
      return {
        kind,
        status: oneOf(STATUSES, reader.u8()),
        value: reader.text(),
        hint: reader.u8() - 1,
      };
    default:
      return kind satisfies never;
  }
}

function putUpdate(writer: ByteWriter, update: Update): void {
  writer.u8(UPDATES.indexOf(update.kind));
  if (update.kind === "noop") return;
  writer.text(update.key).text(update.value);
  if (update.kind === "cas") writer.text(update.expected);
}

function getUpdate(reader: ByteReader): Update {
  const kind = oneOf(UPDATES, reader.u8());
  if (kind === "noop") return { kind };
  const [key, value] = [reader.text(), reader.text()];
  return kind === "write" ? { kind, key, value } : { kind, key, value, expected: reader.text() };
}

function oneOf<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw badBytes("an unknown kind");
  return value;
}
