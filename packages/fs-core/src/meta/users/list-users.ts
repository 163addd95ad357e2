/** Users in order of their numbers, with what is known of their tokens but the tokens. */
import { afterKey, key, prefixRange } from "../../metastore/keys.ts";
import { bool, type Codec, decode, list, optional, struct, u32 } from "../../wire/codec/index.ts";
import { requireSuperuser } from "../access/permissions.ts";
import { metaMethod, type Operation, type QuestionHeader, query, questionFields } from "../operation.ts";
import { userKey } from "../rows/keys.ts";
import { type KnownUser, type TokenInfo, tokenInfoCodec, type User, userCodec, userRow } from "./user-row.ts";

export interface ListUsersQuestion extends QuestionHeader {
  /** From after this one on. */
  readonly after: number | undefined;
}

export interface ListedUser {
  readonly user: User;
  readonly tokens: readonly TokenInfo[];
}

export interface ListUsersAnswer {
  readonly users: readonly ListedUser[];
  /** Whether there are others after the last. */
  readonly more: boolean;
}

const PAGE = 100;

const listedUserCodec: Codec<ListedUser> = struct({ user: userCodec, tokens: list(tokenInfoCodec, 64) });

export const listUsers: Operation<ListUsersQuestion, ListUsersAnswer> = query({
  method: metaMethod({
    number: 130,
    name: "listUsers",
    question: struct({ ...questionFields, after: optional(u32) }),
    answer: struct({ users: list(listedUserCodec, PAGE), more: bool }),
  }),
  async run({ transaction, user }, { after }) {
    requireSuperuser(user, { operation: "listUsers", subject: "users" });
    const range = prefixRange(key("USER"));
    const begin = after === undefined ? range.begin : afterKey(userKey(after));
    const { entries, more } = await transaction.range({ begin, end: range.end }, { limit: PAGE });
    return { users: entries.map(({ value }) => listed(decode(userRow, value))), more };
  },
});

function listed({ uid, name, gid, groups, admin, tokens }: KnownUser): ListedUser {
  return {
    user: { uid, name, gid, groups, admin },
    tokens: tokens.map(({ tokenId, label, expiresMs, createdMs }) => ({
      tokenId,
      label,
      expiresMs,
      createdMs,
    })),
  };
}
