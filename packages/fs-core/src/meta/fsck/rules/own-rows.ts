/** Rows that belong to an inode belong to one that is there, and of their kind. */
import type { Codec } from "../../../wire/codec/index.ts";
import { lockTableRow } from "../../locks/lock.ts";
import type { InodeKind } from "../../model/inode.ts";
import { counterRow } from "../../rows/inode-row.ts";
import { inodeKey } from "../../rows/keys.ts";
import { appendEndRow } from "../../sessions/reserve-append.ts";
import { clearing, type Finding } from "../finding.ts";
import { idIn, type Scan, tableOf } from "../scan.ts";

const ANYTHING: Codec<undefined> = {
  write: () => {},
  read: (reader) => void reader.rawView(reader.remaining),
};

interface Table {
  readonly codec: Codec<unknown>;
  /** Nothing: inodes of any kind have such rows. */
  readonly kind: InodeKind | undefined;
}

const TABLES: ReadonlyMap<string, Table> = new Map<string, Table>([
  ["DTIM", { codec: counterRow, kind: "directory" }],
  ["DLNK", { codec: counterRow, kind: "directory" }],
  ["XATR", { codec: ANYTHING, kind: undefined }],
  ["DVER", { codec: counterRow, kind: "file" }],
  ["APPE", { codec: appendEndRow, kind: "file" }],
  ["LOCK", { codec: lockTableRow, kind: undefined }],
]);

export async function* ownRows({ source, inodes, rows }: Scan): AsyncIterable<Finding> {
  for (const [table, { codec, kind }] of TABLES) {
    const found: Finding[] = [];
    for await (const { key, bytes } of tableOf(source, table, codec, {
      rows,
      broken: (f) => found.push(f),
    })) {
      const id = idIn(key, 4);
      const inode = inodes.get(id);
      if (inode !== undefined && (kind === undefined || inode.kind === kind)) continue;
      const row = { key, value: bytes };
      yield {
        code: "ROW_WITHOUT_INODE",
        severity: "untidy",
        subject: `${table} of inode ${id}`,
        detail: inode === undefined ? "there is no such inode" : `that is a ${inode.kind}`,
        repair: inode === undefined ? clearing(row, inodeKey(id)) : undefined,
      };
    }
    yield* found;
  }
}
