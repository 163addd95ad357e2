/** Forgets a user with all tokens. What it owns keeps its number. */
import { nothing, struct, u32 } from "../../wire/codec/index.ts";
import { requireSuperuser } from "../access/permissions.ts";
import { type MutationHeader, metaMethod, mutation, mutationFields, type Operation } from "../operation.ts";
import { userKey } from "../rows/keys.ts";
import { putUser, requireUser } from "./user-row.ts";

export interface RemoveUserQuestion extends MutationHeader {
  readonly uid: number;
}

export const removeUser: Operation<RemoveUserQuestion, undefined> = mutation({
  frees: true,
  method: metaMethod({
    number: 129,
    name: "removeUser",
    question: struct({ ...mutationFields, uid: u32 }),
    answer: nothing,
  }),
  async run({ transaction, user }, { uid }) {
    const asked = { operation: "removeUser", subject: `user ${uid}` };
    requireSuperuser(user, asked);
    const before = await requireUser(transaction, uid, asked);
    putUser(transaction, { ...before, tokens: [] }, before);
    transaction.clear(userKey(uid));
    return undefined;
  },
});
