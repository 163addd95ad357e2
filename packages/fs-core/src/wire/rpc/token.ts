/**
 * What a user shows to a service: whose it is, which of that user's tokens it is, and a secret. As text it begins with
 * `3fs-token-`, so that people and scanners know what they hold; a checksum tells a typing mistake from a wrong token.
 *
 *      0   1  version
 *      1   4  user id
 *      5   8  token id
 *     13  16  secret
 *     29   4  CRC-32C of the 29 bytes before
 */
import type { PondError, Random } from "@smallpond/base";
import { JAVASCRIPT_CRC32C } from "@smallpond/fs-native";
import type { Crypto } from "../../service/crypto.ts";
import { type Codec, decode, encode, fixedBytes, struct, u8, u32, u64 } from "../codec/index.ts";
import { rpcError } from "./errors.ts";

export interface Token {
  readonly uid: number;
  /** Different for every token of a user: it finds the row that says until when the token is good. */
  readonly tokenId: bigint;
  /** 16 random bytes. */
  readonly secret: Uint8Array;
}

const PREFIX = "3fs-token-";
const VERSION = 1;
const SECRET_BYTES = 16;
const CRC_BYTES = 4;

const tokenCodec: Codec<Token & { readonly version: number }> = struct({
  version: u8,
  uid: u32,
  tokenId: u64,
  secret: fixedBytes(SECRET_BYTES),
});

export function newToken(random: Random, whose: { readonly uid: number; readonly tokenId: bigint }): Token {
  return { ...whose, secret: random.bytes(SECRET_BYTES) };
}

export function formatToken(token: Token): string {
  const body = encode(tokenCodec, { version: VERSION, ...token });
  const bytes = new Uint8Array(body.length + CRC_BYTES);
  bytes.set(body);
  new DataView(bytes.buffer).setUint32(body.length, JAVASCRIPT_CRC32C.of(body), true);
  return PREFIX + Buffer.from(bytes).toString("base64url");
}

/** @throws TOKEN_INVALID when the text is no token. Whether the token is good is another question. */
export function parseToken(text: string): Token {
  const encoded = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : "";
  const bytes = Uint8Array.from(Buffer.from(encoded, "base64url"));
  const body = bytes.subarray(0, Math.max(0, bytes.length - CRC_BYTES));
  if (bytes.length - body.length !== CRC_BYTES || Buffer.from(bytes).toString("base64url") !== encoded) {
    throw tokenInvalid(
      "it is not a token: a token begins with 3fs-token- and has 44 letters and digits more",
    );
  }
  if (new DataView(bytes.buffer).getUint32(body.length, true) !== JAVASCRIPT_CRC32C.of(body)) {
    throw tokenInvalid("its checksum is wrong: a part of it is missing, or was typed wrongly");
  }
  if (body[0] !== VERSION) throw tokenInvalid(`it has version ${body[0]}, and ${VERSION} is known here`);
  try {
    const { version: _, ...token } = decode(tokenCodec, body);
    return token;
  } catch (cause) {
    throw tokenInvalid("it has a wrong length", cause);
  }
}

/** What a service keeps instead of the secret: who reads its rows cannot become the user. */
export function tokenHash(crypto: Crypto, token: Token): Uint8Array {
  return crypto.sha256(encode(tokenCodec, { version: VERSION, ...token }));
}

/** The reason never repeats the token. */
export function tokenInvalid(reason: string, cause?: unknown): PondError {
  return rpcError("TOKEN_INVALID", "invalid", `the token is refused: ${reason}`, {
    hint: "ask an administrator of the cluster for a token",
    ...(cause === undefined ? {} : { cause }),
  });
}

export function tokenExpired(uid: number): PondError {
  return rpcError("TOKEN_EXPIRED", "invalid", `the token of user ${uid} has expired`, {
    hint: "ask an administrator of the cluster for a new one",
    details: { uid },
  });
}
