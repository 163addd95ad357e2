/** Sessions are of files that say so, and are found from their clients. */
import { toHex } from "@smallpond/base";
import type { InodeId, SessionId } from "../../../ids.ts";
import type { Codec } from "../../../wire/codec/index.ts";
import { clientSessionKey, inodeKey, sessionKey } from "../../rows/keys.ts";
import { writeSessionRow } from "../../sessions/session-row.ts";
import { clearing, type Finding } from "../finding.ts";
import { idIn, type Scan, tableOf } from "../scan.ts";

const EMPTY: Codec<undefined> = { write: () => {}, read: () => undefined };

export async function* sessions(scan: Scan): AsyncIterable<Finding> {
  const { source, inodes, rows } = scan;
  const found: Finding[] = [];
  const written = new Set<InodeId>();
  const broken = (finding: Finding): void => void found.push(finding);
  for await (const { key, bytes, value } of tableOf(source, "SESS", writeSessionRow, { rows, broken })) {
    const inode = idIn(key, 4);
    const session = toHex(key.subarray(12)) as SessionId;
    written.add(inode);
    const subject = `session ${session} of inode ${inode}`;
    const file = inodes.get(inode);
    if (file?.kind !== "file") {
      const detail = file === undefined ? "there is no such file" : `that is a ${file.kind}`;
      const repair = file === undefined ? clearing({ key, value: bytes }, inodeKey(inode)) : undefined;
      yield { code: "SESSION_WITHOUT_FILE", severity: "untidy", subject, detail, repair };
    } else if (file.data?.written !== true) {
      const detail = "the file does not say that it is open to write";
      yield { code: "SESSION_WITHOUT_MARK", severity: "broken", subject, detail, repair: undefined };
    }
    const back = clientSessionKey(value.client, inode, session);
    if ((await source.get(back)) === undefined) {
      const detail = `client ${value.client} does not lead to it`;
      const value_ = new Uint8Array(0);
      const repair = {
        expect: [
          { key, value: bytes },
          { key: back, value: undefined },
        ],
        change: [{ kind: "set", key: back, value: value_ }],
      } as const;
      yield { code: "SESSION_WITHOUT_CLIENT", severity: "broken", subject, detail, repair };
    }
  }
  for (const [id, { data }] of inodes) {
    if (data?.written !== true || written.has(id)) continue;
    const detail = "it says that it is open to write, and nobody has it open";
    yield {
      code: "WRITTEN_WITHOUT_SESSION",
      severity: "untidy",
      subject: `inode ${id}`,
      detail,
      repair: undefined,
    };
  }
  yield* clientRows(scan);
  yield* found;
}

async function* clientRows({ source, rows }: Scan): AsyncIterable<Finding> {
  const found: Finding[] = [];
  const broken = (finding: Finding): void => void found.push(finding);
  for await (const { key, bytes } of tableOf(source, "CSES", EMPTY, { rows, broken })) {
    const inode = idIn(key, 20);
    const session = toHex(key.subarray(28)) as SessionId;
    const there = sessionKey(inode, session);
    if ((await source.get(there)) !== undefined) continue;
    yield {
      code: "CLIENT_WITHOUT_SESSION",
      severity: "untidy",
      subject: `client ${toHex(key.subarray(4, 20))}`,
      detail: `leads to session ${session} of inode ${inode}, which is not there`,
      repair: clearing({ key, value: bytes }, there),
    };
  }
  yield* found;
}
