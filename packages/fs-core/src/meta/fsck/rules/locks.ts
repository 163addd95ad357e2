/** Locks that are held exclude each other as they should, and are found from their clients. */
import { toHex } from "@smallpond/base";
import type { ClientId } from "../../../ids.ts";
import { type Codec, decode } from "../../../wire/codec/index.ts";
import { lockTableRow } from "../../locks/lock.ts";
import { conflicts } from "../../locks/lock-table.ts";
import { clientLocksKey, locksKey } from "../../rows/keys.ts";
import type { Finding } from "../finding.ts";
import { idIn, type Scan, tableOf } from "../scan.ts";

const EMPTY: Codec<undefined> = { write: () => {}, read: () => undefined };

export async function* locks(scan: Scan): AsyncIterable<Finding> {
  const { source, rows } = scan;
  // The rule about rows of inodes tells of those that cannot be read.
  for await (const { key, value } of tableOf(source, "LOCK", lockTableRow, { rows, broken: () => {} })) {
    const inode = idIn(key, 4);
    const subject = `locks of inode ${inode}`;
    for (const [at, lock] of value.held.entries()) {
      const other = value.held.slice(at + 1).find((later) => conflicts(lock, later));
      if (other === undefined) continue;
      const detail = `clients ${lock.owner.client} and ${other.owner.client} both have bytes from ${other.begin} on`;
      yield { code: "LOCKS_CONFLICT", severity: "broken", subject, detail, repair: undefined };
    }
    const clients = new Set([...value.held, ...value.waiting].map(({ owner }) => owner.client));
    for (const client of clients) {
      const back = clientLocksKey(client, inode);
      if ((await source.get(back)) !== undefined) continue;
      const detail = `client ${client} does not lead to them`;
      const repair = {
        expect: [{ key: back, value: undefined }],
        change: [{ kind: "set", key: back, value: new Uint8Array(0) }],
      } as const;
      yield { code: "LOCK_WITHOUT_CLIENT", severity: "broken", subject, detail, repair };
    }
  }
  yield* clientRows(scan);
}

async function* clientRows({ source, rows }: Scan): AsyncIterable<Finding> {
  for await (const { key, bytes } of tableOf(source, "CLCK", EMPTY, { rows, broken: () => {} })) {
    const client = toHex(key.subarray(4, 20)) as ClientId;
    const inode = idIn(key, 20);
    const table = { key: locksKey(inode), value: await source.get(locksKey(inode)) };
    if (hasLocks(table.value, client)) continue;
    yield {
      code: "CLIENT_WITHOUT_LOCK",
      severity: "untidy",
      subject: `client ${client}`,
      detail: `leads to locks of inode ${inode}, which it does not have`,
      repair: { expect: [{ key, value: bytes }, table], change: [{ kind: "clear", key }] },
    };
  }
}

/** Also where that cannot be told, because the row cannot be read. */
function hasLocks(row: Uint8Array | undefined, client: ClientId): boolean {
  if (row === undefined) return false;
  try {
    const { held, waiting } = decode(lockTableRow, row);
    return [...held, ...waiting].some(({ owner }) => owner.client === client);
  } catch {
    return true;
  }
}
