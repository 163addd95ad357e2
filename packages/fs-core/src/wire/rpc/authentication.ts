/**
 * Who is who on a connection. A member of the cluster and a service prove to each other that they know the cluster's
 * secret, each by a hash over both sides' random numbers, so that nothing that was overheard can be used again. A user
 * shows a token: use TLS where others can listen.
 *
 * What is proved holds for the connection. Without TLS somebody who can change packets on their way can take over a
 * connection after its handshake.
 */
import type { NodeId } from "../../ids.ts";
import type { Crypto } from "../../service/crypto.ts";
import { type Codec, encode, fixedBytes, optional, struct, text, u32 } from "../codec/index.ts";
import { CLUSTER_ID_BYTES_MAX, NONCE_BYTES } from "./messages.ts";
import type { Principal, UserIdentity } from "./method.ts";

/** How a service finds out who calls. */
export type Authenticator =
  /** Everybody is believed. Only for listeners that nobody outside of the machine can reach. */
  | { readonly kind: "off"; readonly clusterId: string }
  | {
      readonly kind: "on";
      readonly clusterId: string;
      /** At least 16 bytes, the same on all members. */
      readonly secret: Uint8Array;
      /**
       * Whose token this is, in its text form.
       *
       * @throws TOKEN_INVALID
       * @throws TOKEN_EXPIRED
       */
      readonly user: (token: string) => Promise<UserIdentity>;
    };

/** What a client has to show. Without a cluster's id, any cluster will do. */
export type Credentials =
  | { readonly kind: "anyone"; readonly clusterId?: string | undefined }
  | {
      readonly kind: "member";
      readonly clusterId: string;
      readonly secret: Uint8Array;
      readonly node?: NodeId | undefined;
    }
  | { readonly kind: "user"; readonly clusterId?: string | undefined; readonly token: string }
  /** Believed by services that have authentication off, refused by all others. */
  | { readonly kind: "claim"; readonly clusterId?: string | undefined; readonly principal: Principal };

export const SECRET_BYTES_MIN = 16;

/** What a proof is about: bound to the cluster, to who proves, to the node claimed, and to this connection. */
export interface ProofSubject {
  readonly role: "client" | "service";
  readonly clusterId: string;
  readonly node: number | undefined;
  readonly clientNonce: Uint8Array;
  readonly serviceNonce: Uint8Array;
}

const proofSubject: Codec<ProofSubject & { readonly label: string }> = struct({
  label: text(32),
  role: text(16) as Codec<"client" | "service">,
  clusterId: text(CLUSTER_ID_BYTES_MAX),
  node: optional(u32),
  clientNonce: fixedBytes(NONCE_BYTES),
  serviceNonce: fixedBytes(NONCE_BYTES),
});

export function proveMembership(crypto: Crypto, secret: Uint8Array, subject: ProofSubject): Uint8Array {
  return crypto.hmacSha256(secret, encode(proofSubject, { label: "3fs membership v1", ...subject }));
}
