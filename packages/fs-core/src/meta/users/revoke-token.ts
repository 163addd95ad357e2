/** Takes a token away. Connections that were made with it stay until they end. */
import { nothing, struct, u32, u64 } from "../../wire/codec/index.ts";
import { isSuperuser, refused } from "../access/permissions.ts";
import { type MutationHeader, metaMethod, mutation, mutationFields, type Operation } from "../operation.ts";
import { putUser, requireUser } from "./user-row.ts";

export interface RevokeTokenQuestion extends MutationHeader {
  readonly uid: number;
  readonly tokenId: bigint;
}

export const revokeToken: Operation<RevokeTokenQuestion, undefined> = mutation({
  frees: true,
  method: metaMethod({
    number: 132,
    name: "revokeToken",
    question: struct({ ...mutationFields, uid: u32, tokenId: u64 }),
    answer: nothing,
  }),
  async run({ transaction, user }, { uid, tokenId }) {
    const asked = { operation: "revokeToken", subject: `user ${uid}` };
    if (user.uid !== uid && !isSuperuser(user)) throw refused("EPERM", asked, "it is another user");
    const before = await requireUser(transaction, uid, asked);
    const tokens = before.tokens.filter((token) => token.tokenId !== tokenId);
    if (tokens.length === before.tokens.length) throw refused("ENOENT", asked, "it has no such token");
    putUser(transaction, { ...before, tokens }, before);
    return undefined;
  },
});
