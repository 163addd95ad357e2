/** A small file's bytes stand beside it, as many as it says, and no others do. */
import type { InodeId } from "../../../ids.ts";
import type { Codec } from "../../../wire/codec/index.ts";
import type { Finding, FindingCode } from "../finding.ts";
import { idIn, type Scan, tableOf } from "../scan.ts";

const CONTENT: Codec<number> = {
  write: () => {},
  read: (reader) => reader.rawView(reader.remaining).length,
};

export async function* content({ source, inodes, rows }: Scan): AsyncIterable<Finding> {
  const lengths = new Map<InodeId, number>();
  for await (const { key, value } of tableOf(source, "INLN", CONTENT, { rows, broken: () => {} })) {
    lengths.set(idIn(key, 4), value);
  }
  for (const [id, { data, length }] of inodes) {
    const there = lengths.get(id);
    lengths.delete(id);
    if (data?.inline === true && data.written) {
      yield wrong("CONTENT_OPEN", "broken", id, "it is open to write, and has no chunks to write to");
    }
    if (data?.inline !== true) {
      if (there !== undefined) yield wrong("CONTENT_UNUSED", "leak", id, `${there} bytes stand beside it`);
    } else if (there === undefined) {
      if (length > 0n) yield wrong("CONTENT_MISSING", "broken", id, `it has ${length} bytes, which are gone`);
    } else if (BigInt(there) !== length) {
      yield wrong(
        "CONTENT_LENGTH_WRONG",
        "broken",
        id,
        `it has ${length} bytes, and ${there} stand beside it`,
      );
    }
  }
  for (const [id, there] of lengths) yield wrong("CONTENT_UNUSED", "leak", id, `${there} bytes of no inode`);
}

function wrong(code: FindingCode, severity: Finding["severity"], id: InodeId, detail: string): Finding {
  return { code, severity, subject: `inode ${id}`, detail, repair: undefined };
}
