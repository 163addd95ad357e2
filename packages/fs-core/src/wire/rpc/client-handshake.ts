/** The client's half of a handshake. Plain data in, plain data out. */
import type { Random } from "@smallpond/base";
import type { Crypto } from "../../service/crypto.ts";
import { type Credentials, type ProofSubject, proveMembership } from "./authentication.ts";
import { rpcError } from "./errors.ts";
import { type Challenge, type Claim, type Hello, NONCE_BYTES, type Proof } from "./messages.ts";

export class ClientHandshake {
  readonly #crypto: Crypto;
  readonly #credentials: Credentials;
  readonly #nonce: Uint8Array;

  constructor(deps: { readonly crypto: Crypto; readonly random: Random }, credentials: Credentials) {
    this.#crypto = deps.crypto;
    this.#credentials = credentials;
    this.#nonce = deps.random.bytes(NONCE_BYTES);
  }

  hello(): Hello {
    return { cluster: this.#credentials.clusterId, nonce: this.#nonce, claim: claimOf(this.#credentials) };
  }

  /** @throws AUTH_FAILED when the service is not what the client looks for. */
  prove(challenge: Challenge): Proof {
    const credentials = this.#credentials;
    const { clusterId = challenge.cluster } = credentials;
    if (challenge.cluster !== clusterId) {
      throw rpcError("AUTH_FAILED", "invalid", `this is cluster ${challenge.cluster}, not ${clusterId}`);
    }
    if (credentials.kind === "user") return { kind: "token", token: credentials.token };
    if (credentials.kind !== "member") return { kind: "none" };
    const { secret, node } = credentials;
    const subject = (role: ProofSubject["role"]): ProofSubject => ({
      role,
      clusterId,
      node,
      clientNonce: this.#nonce,
      serviceNonce: challenge.nonce,
    });
    const expected = proveMembership(this.#crypto, secret, subject("service"));
    if (challenge.proof === undefined || !this.#crypto.equalSecrets(challenge.proof, expected)) {
      throw rpcError(
        "AUTH_FAILED",
        "invalid",
        `the service does not know the secret of cluster ${clusterId}`,
        {
          hint: "give all members of the cluster the same secret",
        },
      );
    }
    return { kind: "member", proof: proveMembership(this.#crypto, secret, subject("client")) };
  }
}

function claimOf(credentials: Credentials): Claim {
  switch (credentials.kind) {
    case "anyone":
    case "user":
      return { kind: credentials.kind };
    case "member":
      return { kind: "member", node: credentials.node };
    case "claim":
      return { kind: "claim", principal: credentials.principal };
    default:
      return credentials satisfies never;
  }
}
