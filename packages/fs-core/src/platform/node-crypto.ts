/** Node's hashes. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Crypto } from "../service/crypto.ts";

export class NodeCrypto implements Crypto {
  sha256(bytes: Uint8Array): Uint8Array {
    return new Uint8Array(createHash("sha256").update(bytes).digest());
  }

  hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array {
    return new Uint8Array(createHmac("sha256", key).update(bytes).digest());
  }

  equalSecrets(a: Uint8Array, b: Uint8Array): boolean {
    return a.length === b.length && timingSafeEqual(a, b);
  }
}
