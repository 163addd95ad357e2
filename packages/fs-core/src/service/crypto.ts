/** Hashing as a dependency. The same bytes give the same hash everywhere, so a simulation uses the real one. */
export interface Crypto {
  /** 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array;
  /** 32 bytes (RFC 2104). */
  hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array;
  /** In a time that depends on the lengths alone. */
  equalSecrets(a: Uint8Array, b: Uint8Array): boolean;
}
