/** As whom a question is asked. */
import type { Principal, UserIdentity } from "../../wire/rpc/method.ts";
import { fsError } from "../model/errors.ts";
import type { Actor } from "../operation.ts";

/**
 * Members of the cluster and admins may speak for anybody; others for themselves, with fewer groups if they like. On a
 * cluster without authentication a connection is whoever it says it is.
 */
export function actingUser(principal: Principal, as: Actor | undefined, operation: string): UserIdentity {
  if (principal.kind === "user" && !principal.user.admin) {
    if (as !== undefined && !speaksFor(principal.user, as)) {
      throw fsError("EPERM", operation, `user ${as.uid}`, {
        reason: `the token is of user ${principal.user.uid}, who may act only as itself`,
        hint: "use a token of an admin to act as others",
      });
    }
    return as === undefined ? principal.user : { ...as, admin: false };
  }
  if (as !== undefined) return { ...as, admin: false };
  return principal.kind === "user" ? principal.user : { uid: 0, gid: 0, groups: [], admin: true };
}

/** Whether nothing is claimed that the user does not have. */
function speaksFor(user: UserIdentity, as: Actor): boolean {
  const own = (gid: number): boolean => gid === user.gid || user.groups.includes(gid);
  return as.uid === user.uid && own(as.gid) && as.groups.every(own);
}
