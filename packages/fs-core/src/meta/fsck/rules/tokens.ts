/** Tokens lead to users who have them, and users to their tokens. */
import { equalBytes } from "@smallpond/base";
import { decode } from "../../../wire/codec/index.ts";
import { tokenKey, userKey } from "../../rows/keys.ts";
import { tokenOwnerRow, userRow } from "../../users/user-row.ts";
import type { Finding } from "../finding.ts";
import { type Scan, tableOf } from "../scan.ts";

export async function* tokens({ source, rows }: Scan): AsyncIterable<Finding> {
  const found: Finding[] = [];
  const broken = (finding: Finding): void => void found.push(finding);
  for await (const { value: user } of tableOf(source, "USER", userRow, { rows, broken })) {
    for (const { tokenId, hash } of user.tokens) {
      if ((await source.get(tokenKey(hash))) !== undefined) continue;
      yield {
        code: "USER_WITHOUT_TOKEN",
        severity: "untidy",
        subject: `user ${user.uid}`,
        detail: `its token ${tokenId} is not there`,
        repair: undefined,
      };
    }
  }
  for await (const { key, bytes, value } of tableOf(source, "TOKN", tokenOwnerRow, { rows, broken })) {
    const owner = { key: userKey(value.uid), value: await source.get(userKey(value.uid)) };
    const hash = key.subarray(4);
    const user = owner.value === undefined ? undefined : decode(userRow, owner.value);
    if (user?.tokens.some((token) => equalBytes(token.hash, hash))) continue;
    yield {
      code: "TOKEN_WITHOUT_USER",
      severity: "broken",
      subject: `user ${value.uid}`,
      detail: `token ${value.tokenId} is good, and the user does not have it`,
      repair: { expect: [{ key, value: bytes }, owner], change: [{ kind: "clear", key }] },
    };
  }
  yield* found;
}
