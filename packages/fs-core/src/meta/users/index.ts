/** The operations on users, tokens and quotas. */
import type { AnyOperation } from "../operation.ts";
import { addToken } from "./add-token.ts";
import { getQuota } from "./get-quota.ts";
import { listUsers } from "./list-users.ts";
import { removeUser } from "./remove-user.ts";
import { revokeToken } from "./revoke-token.ts";
import { setQuota } from "./set-quota.ts";
import { setUser } from "./set-user.ts";

/** All of them, for the service and its tests. */
export const USER_OPERATIONS: readonly AnyOperation<unknown>[] = [
  addToken,
  getQuota,
  listUsers,
  removeUser,
  revokeToken,
  setQuota,
  setUser,
];
