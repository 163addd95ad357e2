/** The operations on file locks. */
import type { AnyOperation } from "../operation.ts";
import { cancelLock } from "./cancel-lock.ts";
import { releaseLocks } from "./release-locks.ts";
import { type LockDeps, setLock } from "./set-lock.ts";
import { testLock } from "./test-lock.ts";
import { unlock } from "./unlock.ts";

/** All of them, for the service and its tests. */
export const LOCK_OPERATIONS: readonly AnyOperation<LockDeps>[] = [
  cancelLock,
  releaseLocks,
  setLock,
  testLock,
  unlock,
];
