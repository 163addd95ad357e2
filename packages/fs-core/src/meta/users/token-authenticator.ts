/**
 * Whose token a connection shows. Asked once for each connection, of the rows themselves: a token that was revoked is
 * good for no new connection, and nothing is kept that could be old.
 */
import type { Clock, SignalOptions } from "@smallpond/base";
import type { Metastore } from "../../metastore/transaction.ts";
import type { Crypto } from "../../service/crypto.ts";
import { decode } from "../../wire/codec/index.ts";
import type { UserIdentity } from "../../wire/rpc/method.ts";
import { parseToken, tokenExpired, tokenHash, tokenInvalid } from "../../wire/rpc/token.ts";
import { tokenKey } from "../rows/keys.ts";
import { readUser, tokenOwnerRow } from "./user-row.ts";

export interface TokenAuthenticatorDeps {
  readonly metastore: Metastore;
  readonly crypto: Crypto;
  readonly clock: Pick<Clock, "wallMs">;
}

export class TokenAuthenticator {
  readonly #deps: TokenAuthenticatorDeps;

  constructor(deps: TokenAuthenticatorDeps) {
    this.#deps = deps;
  }

  /**
   * @throws TOKEN_INVALID
   * @throws TOKEN_EXPIRED
   */
  async user(text: string, options: SignalOptions = {}): Promise<UserIdentity> {
    const { metastore, crypto, clock } = this.#deps;
    const token = parseToken(text);
    const row = tokenKey(tokenHash(crypto, token));
    const found = await metastore.transact(async (transaction) => {
      const [owner, user] = await Promise.all([transaction.get(row), readUser(transaction, token.uid)]);
      return owner && user && { owner: decode(tokenOwnerRow, owner), user };
    }, options);
    if (found === undefined || found.owner.uid !== token.uid) throw tokenInvalid("nobody has it");
    const { owner, user } = found;
    if (owner.expiresMs !== undefined && clock.wallMs() >= owner.expiresMs) throw tokenExpired(owner.uid);
    const { uid, gid, groups, admin } = user;
    return { uid, gid, groups, admin };
  }
}
