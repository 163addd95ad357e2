/** The messages of frames, as far as they are not a method's own question and answer. */

import { nodeIdCodec } from "../../ids.ts";
import {
  bool,
  type Codec,
  fixedBytes,
  list,
  mapped,
  optional,
  struct,
  text,
  u32,
  union,
  varint,
} from "../codec/index.ts";
import type { Principal, UserIdentity } from "./method.ts";

export const NONCE_BYTES = 32;
export const PROOF_BYTES = 32;
export const CLUSTER_ID_BYTES_MAX = 64;
export const TOKEN_TEXT_BYTES_MAX = 128;
const GROUPS_MAX = 256;

const userIdentityCodec: Codec<UserIdentity> = struct({
  uid: u32,
  gid: u32,
  groups: list(u32, GROUPS_MAX),
  admin: bool,
});

const principalCodec: Codec<Principal> = union({
  member: [1, struct({ node: optional(nodeIdCodec) })],
  user: [2, struct({ user: userIdentityCodec })],
  anyone: [3, struct({})],
});

/** What a client says it is, to be proved next. `claim` is only believed where authentication is off. */
export type Claim =
  | { readonly kind: "anyone" }
  | { readonly kind: "member"; readonly node: number | undefined }
  | { readonly kind: "user" }
  | { readonly kind: "claim"; readonly principal: Principal };

export interface Hello {
  /** Which cluster the client looks for; nothing where it does not care. */
  readonly cluster: string | undefined;
  readonly nonce: Uint8Array;
  readonly claim: Claim;
}

export const helloCodec: Codec<Hello> = struct({
  cluster: optional(text(CLUSTER_ID_BYTES_MAX)),
  nonce: fixedBytes(NONCE_BYTES),
  claim: union({
    anyone: [1, struct({})],
    member: [2, struct({ node: optional(u32) })],
    user: [3, struct({})],
    claim: [4, struct({ principal: principalCodec })],
  }),
});

export interface Challenge {
  readonly cluster: string;
  readonly nonce: Uint8Array;
  /** That the service knows the cluster's secret; only for members. */
  readonly proof: Uint8Array | undefined;
}

export const challengeCodec: Codec<Challenge> = struct({
  cluster: text(CLUSTER_ID_BYTES_MAX),
  nonce: fixedBytes(NONCE_BYTES),
  proof: optional(fixedBytes(PROOF_BYTES)),
});

export type Proof =
  | { readonly kind: "none" }
  | { readonly kind: "member"; readonly proof: Uint8Array }
  | { readonly kind: "token"; readonly token: string };

export const proofCodec: Codec<Proof> = union({
  none: [1, struct({})],
  member: [2, struct({ proof: fixedBytes(PROOF_BYTES) })],
  token: [3, struct({ token: text(TOKEN_TEXT_BYTES_MAX) })],
});

export interface Welcome {
  /** Calls that the client may have under way at once on this connection. */
  readonly callsMax: number;
}

export const welcomeCodec: Codec<Welcome> = struct({ callsMax: u32 });

/** What stands before a question. */
export interface QuestionHead {
  readonly method: number;
  /** Until the caller's deadline, from now. */
  readonly remainingMs: number;
  /** 16 bytes in hex. */
  readonly traceId: string;
}

const traceIdCodec: Codec<string> = mapped(fixedBytes(16), fromHexDigits, toHexDigits);

export const questionHeadCodec: Codec<QuestionHead> = struct({
  method: u32,
  remainingMs: varint,
  traceId: traceIdCodec,
});

function fromHexDigits(hex: string): Uint8Array {
  return Buffer.from(hex, "hex");
}

function toHexDigits(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}
