/** What storage is shown for an open file. */
import type { ClientId, SessionId } from "../../ids.ts";
import type { FileInode } from "../model/inode.ts";
import type { OperationContext } from "../operation.ts";
import type { SessionDeps } from "./deps.ts";

export interface Grant {
  readonly client: ClientId;
  readonly session: SessionId;
  readonly read: boolean;
  readonly write: boolean;
}

export function grantTo(
  {
    deps,
    nowNs,
  }: Pick<OperationContext<Pick<SessionDeps, "capabilities" | "sessionSettings">>, "deps" | "nowNs">,
  file: Pick<FileInode, "id" | "dataVersion">,
  { client, session, read, write }: Grant,
): Uint8Array {
  const expiresMs = Number(nowNs / 1_000_000n) + deps.sessionSettings.capabilityMs;
  const { id: inode, dataVersion } = file;
  return deps.capabilities.sign({ inode, dataVersion, read, write, session, client, expiresMs });
}
