/**
 * Gives a user another token. Whoever asks made it and sends its hash alone, so that no service, row or remembered answer
 * ever has it: see `newToken` and `tokenHash`. A user has one token that does not expire, and a few that do.
 */
import { nothing, optional, struct, text, u32, u64, varint } from "../../wire/codec/index.ts";
import { isSuperuser, refused } from "../access/permissions.ts";
import { type MutationHeader, metaMethod, mutation, mutationFields, type Operation } from "../operation.ts";
import { tokenKey } from "../rows/keys.ts";
import { putUser, requireUser, TOKEN_LIMITS, tokenHashCodec } from "./user-row.ts";

export interface AddTokenQuestion extends MutationHeader {
  readonly uid: number;
  readonly tokenId: bigint;
  readonly hash: Uint8Array;
  readonly label: string;
  /** Wall clock, whole milliseconds. */
  readonly expiresMs: number | undefined;
}

export const addToken: Operation<AddTokenQuestion, undefined> = mutation({
  method: metaMethod({
    number: 131,
    name: "addToken",
    question: struct({
      ...mutationFields,
      uid: u32,
      tokenId: u64,
      hash: tokenHashCodec,
      label: text(255),
      expiresMs: optional(varint),
    }),
    answer: nothing,
  }),
  async run({ transaction, user, nowNs }, { uid, tokenId, hash, label, expiresMs }) {
    const asked = { operation: "addToken", subject: `user ${uid}` };
    if (user.uid !== uid && !isSuperuser(user)) throw refused("EPERM", asked, "it is another user");
    const [before, taken] = await Promise.all([
      requireUser(transaction, uid, asked),
      transaction.get(tokenKey(hash)),
    ]);
    if (taken !== undefined || before.tokens.some((token) => token.tokenId === tokenId)) {
      throw refused("EEXIST", asked, "there is such a token already");
    }
    const createdMs = Number(nowNs / 1_000_000n);
    const kept = before.tokens.filter((token) => (token.expiresMs ?? createdMs + 1) > createdMs);
    const tokens = [...kept, { tokenId, label, expiresMs, createdMs, hash }];
    const endless = tokens.filter((token) => token.expiresMs === undefined).length;
    const { endlessMax, expiringMax } = TOKEN_LIMITS;
    if (endless > endlessMax)
      throw refused("EEXIST", asked, "it has a token that does not expire: revoke it");
    if (tokens.length - endless > expiringMax) {
      throw refused("EDQUOT", asked, `it has ${expiringMax} tokens that expire: revoke one`);
    }
    putUser(transaction, { ...before, tokens }, before);
    return undefined;
  },
});
