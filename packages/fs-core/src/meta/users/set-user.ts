/** Makes a user, or changes what is known of one. Tokens stay. */
import { nothing, struct } from "../../wire/codec/index.ts";
import { refused, requireSuperuser } from "../access/permissions.ts";
import { type MutationHeader, metaMethod, mutation, mutationFields, type Operation } from "../operation.ts";
import { putUser, readUser, type User, userCodec } from "./user-row.ts";

export interface SetUserQuestion extends MutationHeader {
  readonly user: User;
}

export const setUser: Operation<SetUserQuestion, undefined> = mutation({
  method: metaMethod({
    number: 128,
    name: "setUser",
    question: struct({ ...mutationFields, user: userCodec }),
    answer: nothing,
  }),
  check: ({ user: { uid, name } }) => {
    if (!/^[a-z_][a-z0-9_.-]{0,254}$/i.test(name)) {
      const asked = { operation: "setUser", subject: `user ${uid}` };
      throw refused("EINVAL", asked, "a name has letters, digits, dots, dashes and underscores");
    }
  },
  async run({ transaction, user }, question) {
    requireSuperuser(user, { operation: "setUser", subject: `user ${question.user.uid}` });
    const before = await readUser(transaction, question.user.uid);
    putUser(transaction, { ...question.user, tokens: before?.tokens ?? [] }, before);
    return undefined;
  },
});
