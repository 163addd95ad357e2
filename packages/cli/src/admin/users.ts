/** `pond admin users`, `user-add`, `user-rm`, `token-add`, `token-rm` */
import { PondError } from "@smallpond/base";
import { NodeRandom } from "@smallpond/base/platform/node";
import { formatToken, META, newToken, tokenHash } from "@smallpond/fs-core";
import { NodeCrypto } from "@smallpond/fs-core/platform";
import { columns } from "../job/text.ts";
import { jsonText } from "../output/json-text.ts";
import { type AdminFlags, numberOf, withAdmin } from "./with-admin.ts";

const DAY_MS = 86_400_000;

export async function listUsers(flags: AdminFlags): Promise<void> {
  await withAdmin(flags, async ({ meta }) => {
    const users = [];
    for (let after: number | undefined; ; ) {
      const page = await meta.ask(META.listUsers, { after });
      users.push(...page.users);
      if (!page.more) break;
      after = page.users.at(-1)!.user.uid;
    }
    if (flags.json === true)
      return console.log(jsonText(users.map(({ user, tokens }) => ({ ...user, tokens }))));
    const rows = users.map(({ user: { uid, name, gid, groups, admin }, tokens }) => [
      ...[String(uid), name, String(gid), groups.join(",") || "-", admin ? "yes" : "no"],
      tokens
        .map(({ tokenId, label }) => (label === "" ? `${tokenId}` : `${tokenId} (${label})`))
        .join(", ") || "-",
    ]);
    console.log(columns(["uid", "name", "gid", "groups", "admin", "tokens"], rows));
  });
}

export async function addUser(
  uid: string,
  name: string,
  flags: AdminFlags & { readonly gid?: string; readonly group?: readonly string[]; readonly admin?: boolean },
): Promise<void> {
  const id = numberOf(uid, "user id");
  const gid = flags.gid === undefined ? id : numberOf(flags.gid, "group id");
  const groups = (flags.group ?? []).map((group) => numberOf(group, "group id"));
  await withAdmin(flags, async ({ meta }) => {
    await meta.change(META.setUser, { user: { uid: id, name, gid, groups, admin: flags.admin === true } });
  });
}

export async function removeUser(uid: string, flags: AdminFlags): Promise<void> {
  await withAdmin(flags, async ({ meta }) => {
    await meta.change(META.removeUser, { uid: numberOf(uid, "user id") });
  });
}

/** Prints the token, which is nowhere else from then on. */
export async function addToken(
  uid: string,
  flags: AdminFlags & { readonly label?: string; readonly days?: string },
): Promise<void> {
  const id = numberOf(uid, "user id");
  const days = flags.days === undefined ? undefined : numberOf(flags.days, "number of days");
  const expiresMs = days === undefined ? undefined : Date.now() + days * DAY_MS;
  const random = new NodeRandom();
  const tokenId = new DataView(random.bytes(8).buffer).getBigUint64(0) >> 1n;
  const token = newToken(random, { uid: id, tokenId });
  const hash = tokenHash(new NodeCrypto(), token);
  await withAdmin(flags, async ({ meta }) => {
    await meta.change(META.addToken, { uid: id, tokenId, hash, label: flags.label ?? "", expiresMs });
    const text = formatToken(token);
    console.log(flags.json === true ? jsonText({ uid: id, tokenId, token: text, expiresMs }) : text);
  });
}

export async function removeToken(uid: string, tokenId: string, flags: AdminFlags): Promise<void> {
  if (!/^\d{1,20}$/.test(tokenId)) {
    throw new PondError("BAD_USAGE", { kind: "invalid", message: `${tokenId} is no number of a token` });
  }
  await withAdmin(flags, async ({ meta }) => {
    await meta.change(META.revokeToken, { uid: numberOf(uid, "user id"), tokenId: BigInt(tokenId) });
  });
}
