/** What is no directory has as many links as names. Without any, the collector knows of it. */
import { encode } from "../../../wire/codec/index.ts";
import { garbageRow } from "../../rows/garbage-row.ts";
import { garbageKey } from "../../rows/keys.ts";
import type { Finding } from "../finding.ts";
import { idIn, type Scan, tableOf } from "../scan.ts";

export async function* links(scan: Scan): AsyncIterable<Finding> {
  const queued = await queuedFiles(scan);
  for (const [id, inode] of scan.inodes) {
    if (inode.kind === "directory") continue;
    const subject = `inode ${id}`;
    if (inode.nlink !== inode.names) {
      const detail = `it has ${inode.nlink} links and ${inode.names} names`;
      yield { code: "LINKS_WRONG", severity: "broken", subject, detail, repair: undefined };
    } else if (inode.nlink === 0 && !queued.has(id) && inode.data?.written !== true) {
      const key = garbageKey(0, id, { kind: "file", dataVersion: inode.data?.dataVersion ?? 0 });
      const value = encode(garbageRow, { garbage: { kind: "file" }, failures: 0 });
      yield {
        code: "FILE_NOT_COLLECTED",
        severity: "leak",
        subject,
        detail: "it has no name, and the collector does not know of it",
        repair: { expect: [{ key, value: undefined }], change: [{ kind: "set", key, value }] },
      };
    }
  }
}

async function queuedFiles({ source, rows }: Scan): Promise<ReadonlySet<bigint>> {
  const queued = new Set<bigint>();
  // The rule about garbage tells of rows that cannot be read.
  for await (const { key, value } of tableOf(source, "GARB", garbageRow, { rows, broken: () => {} })) {
    if (value.garbage.kind === "file") queued.add(idIn(key, 16));
  }
  return queued;
}
