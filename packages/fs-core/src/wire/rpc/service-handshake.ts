/** The service's half of a handshake: hello, challenge, proof, welcome. Plain data in, plain data out. */
import { assert, type Random } from "@smallpond/base";
import { nodeId } from "../../ids.ts";
import type { Crypto } from "../../service/crypto.ts";
import { type Authenticator, type ProofSubject, proveMembership } from "./authentication.ts";
import { rpcError } from "./errors.ts";
import { type Challenge, type Hello, NONCE_BYTES, type Proof } from "./messages.ts";
import type { Principal } from "./method.ts";

export class ServiceHandshake {
  readonly #crypto: Crypto;
  readonly #authenticator: Authenticator;
  readonly #nonce: Uint8Array;
  #hello: Hello | undefined;

  constructor(deps: {
    readonly crypto: Crypto;
    readonly random: Random;
    readonly authenticator: Authenticator;
  }) {
    this.#crypto = deps.crypto;
    this.#authenticator = deps.authenticator;
    this.#nonce = deps.random.bytes(NONCE_BYTES);
  }

  get isGreeted(): boolean {
    return this.#hello !== undefined;
  }

  /** @throws AUTH_FAILED */
  greet(hello: Hello): Challenge {
    const { clusterId } = this.#authenticator;
    if (hello.cluster !== undefined && hello.cluster !== clusterId) {
      throw rpcError("AUTH_FAILED", "invalid", `this is cluster ${clusterId}, not ${hello.cluster}`, {
        hint: "look at the address and the id of the cluster",
      });
    }
    if (this.#authenticator.kind === "on" && hello.claim.kind === "claim") {
      throw rpcError("AUTH_FAILED", "invalid", "authentication is on here, and the client offers no proof", {
        hint: "give the client the cluster's secret or a token",
      });
    }
    this.#hello = hello;
    return { cluster: clusterId, nonce: this.#nonce, proof: this.#ownProof(hello) };
  }

  /**
   * @throws AUTH_FAILED
   * @throws what the authenticator says about a token.
   */
  async conclude(proof: Proof): Promise<Principal> {
    const hello = this.#hello;
    assert(hello !== undefined, "a proof follows a hello");
    const { claim } = hello;
    switch (claim.kind) {
      case "anyone":
        return { kind: "anyone" };
      case "claim":
        return claim.principal;
      case "member":
        this.#checkMember(hello, proof, claim.node);
        return { kind: "member", node: claim.node === undefined ? undefined : nodeId(claim.node) };
      case "user":
        return await this.#user(proof);
      default:
        return claim satisfies never;
    }
  }

  #ownProof({ claim, nonce }: Hello): Uint8Array | undefined {
    if (claim.kind !== "member" || this.#authenticator.kind === "off") return undefined;
    const subject = this.#subject("service", nonce, claim.node);
    return proveMembership(this.#crypto, this.#authenticator.secret, subject);
  }

  #checkMember(hello: Hello, proof: Proof, node: number | undefined): void {
    if (this.#authenticator.kind === "off") return;
    const subject = this.#subject("client", hello.nonce, node);
    const expected = proveMembership(this.#crypto, this.#authenticator.secret, subject);
    if (proof.kind !== "member" || !this.#crypto.equalSecrets(proof.proof, expected)) {
      throw rpcError("AUTH_FAILED", "invalid", "the client does not know the secret of this cluster", {
        hint: "give all members of the cluster the same secret",
      });
    }
  }

  async #user(proof: Proof): Promise<Principal> {
    if (this.#authenticator.kind === "off") {
      throw rpcError(
        "AUTH_FAILED",
        "invalid",
        "authentication is off here: nobody knows whose token this is",
        {
          hint: "tell the client to claim who it is",
        },
      );
    }
    if (proof.kind !== "token") throw rpcError("AUTH_FAILED", "invalid", "a user shows a token");
    return { kind: "user", user: await this.#authenticator.user(proof.token) };
  }

  #subject(role: ProofSubject["role"], clientNonce: Uint8Array, node: number | undefined): ProofSubject {
    const { clusterId } = this.#authenticator;
    return { role, clusterId, node, clientNonce, serviceNonce: this.#nonce };
  }
}
