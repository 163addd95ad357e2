/** Users of the cluster and their tokens. Of a token only its hash is kept: who reads the rows cannot use it. */
import type { ReadTransaction, Transaction } from "../../metastore/transaction.ts";
import {
  bool,
  type Codec,
  decode,
  encode,
  fixedBytes,
  list,
  optional,
  struct,
  text,
  u32,
  u64,
  varint,
  versioned,
} from "../../wire/codec/index.ts";
import { type Asked, refused } from "../access/permissions.ts";
import { tokenKey, userKey } from "../rows/keys.ts";

export interface User {
  readonly uid: number;
  readonly name: string;
  readonly gid: number;
  readonly groups: readonly number[];
  /** May act as any user, and administer. */
  readonly admin: boolean;
}

export interface TokenInfo {
  /** Unique among those of the user. */
  readonly tokenId: bigint;
  /** What it is for, in the user's words. */
  readonly label: string;
  /** Wall clock, whole milliseconds; nothing: until it is revoked. */
  readonly expiresMs: number | undefined;
  readonly createdMs: number;
}

export interface KnownUser extends User {
  readonly tokens: readonly (TokenInfo & { readonly hash: Uint8Array })[];
}

/** Under the hash of a token: whose it is. */
export interface TokenOwner {
  readonly uid: number;
  readonly tokenId: bigint;
  readonly expiresMs: number | undefined;
}

export const TOKEN_LIMITS: { readonly endlessMax: number; readonly expiringMax: number } = {
  endlessMax: 1,
  expiringMax: 5,
};

export const TOKEN_HASH_BYTES = 32;
const GROUPS_MAX = 4096;

const userFields = {
  uid: u32,
  name: text(255),
  gid: u32,
  groups: list(u32, GROUPS_MAX),
  admin: bool,
} as const;

const tokenFields = {
  tokenId: u64,
  label: text(255),
  expiresMs: optional(varint),
  createdMs: varint,
} as const;

export const userCodec: Codec<User> = struct(userFields);
export const tokenInfoCodec: Codec<TokenInfo> = struct(tokenFields);
export const tokenHashCodec: Codec<Uint8Array> = fixedBytes(TOKEN_HASH_BYTES);

export const userRow: Codec<KnownUser> = versioned(
  1,
  struct({ ...userFields, tokens: list(struct({ ...tokenFields, hash: tokenHashCodec }), 64) }),
);

export const tokenOwnerRow: Codec<TokenOwner> = versioned(
  1,
  struct({ uid: u32, tokenId: u64, expiresMs: optional(varint) }),
);

export async function readUser(transaction: ReadTransaction, uid: number): Promise<KnownUser | undefined> {
  const row = await transaction.get(userKey(uid));
  return row === undefined ? undefined : decode(userRow, row);
}

export async function requireUser(
  transaction: ReadTransaction,
  uid: number,
  asked: Asked,
): Promise<KnownUser> {
  const user = await readUser(transaction, uid);
  if (user === undefined) throw refused("ENOENT", asked, "there is no such user");
  return user;
}

/** Writes a user, and takes the rows of tokens away that it had before and has no more. */
export function putUser(transaction: Transaction, user: KnownUser, before: KnownUser | undefined): void {
  transaction.set(userKey(user.uid), encode(userRow, user));
  const kept = new Set(user.tokens.map(({ tokenId }) => tokenId));
  for (const { tokenId, hash } of before?.tokens ?? []) {
    if (!kept.has(tokenId)) transaction.clear(tokenKey(hash));
  }
  for (const { tokenId, hash, expiresMs } of user.tokens) {
    transaction.set(tokenKey(hash), encode(tokenOwnerRow, { uid: user.uid, tokenId, expiresMs }));
  }
}
