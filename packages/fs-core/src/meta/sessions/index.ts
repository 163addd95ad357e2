/** The operations on open files. */
import type { AnyOperation } from "../operation.ts";
import { close } from "./close.ts";
import type { SessionDeps } from "./deps.ts";
import { openToRead } from "./open-to-read.ts";
import { openToWrite } from "./open-to-write.ts";
import { reserveAppend } from "./reserve-append.ts";
import { sync } from "./sync.ts";
import { truncate } from "./truncate.ts";

/** All of them, for the service and its tests. */
export const SESSION_OPERATIONS: readonly AnyOperation<SessionDeps>[] = [
  close,
  openToRead,
  openToWrite,
  reserveAppend,
  sync,
  truncate,
];
