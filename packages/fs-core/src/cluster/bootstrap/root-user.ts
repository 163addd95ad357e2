/** The first user of a cluster: root, who may do everything, with a token that whoever made the cluster keeps. */
import { isPondError, type SignalOptions } from "@smallpond/base";
import type { Crypto } from "../../service/crypto.ts";
import { parseToken, tokenHash } from "../../wire/rpc/token.ts";
import type { MetaCaller } from "../meta-caller.ts";
import { META } from "../meta-methods.ts";

export interface RootUserDeps {
  /** As a member of the cluster. */
  readonly meta: Pick<MetaCaller, "ask" | "change">;
  readonly crypto: Crypto;
}

export interface RootUser {
  /** In its text form, of user 0. Only its hash is sent. */
  readonly token: string;
}

const ROOT = { uid: 0, name: "root", gid: 0, groups: [], admin: true } as const;

/** Does nothing where there is such a user with a token. */
export async function setUpRoot(
  { meta, crypto }: RootUserDeps,
  { token }: RootUser,
  options: SignalOptions = {},
): Promise<void> {
  const { users } = await meta.ask(META.listUsers, { after: undefined }, options);
  const known = users.find(({ user }) => user.uid === ROOT.uid);
  if (known === undefined) await meta.change(META.setUser, { user: ROOT }, options);
  if ((known?.tokens.length ?? 0) > 0) return;
  const parsed = parseToken(token);
  try {
    await meta.change(
      META.addToken,
      {
        uid: ROOT.uid,
        tokenId: parsed.tokenId,
        hash: tokenHash(crypto, parsed),
        label: "made with the cluster",
        expiresMs: undefined,
      },
      options,
    );
  } catch (error) {
    if (!isPondError(error, "EEXIST")) throw error;
  }
}
