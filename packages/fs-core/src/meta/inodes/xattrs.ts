/** All extended attributes of an inode. What they may come to in all keeps this to a few reads. */
import type { InodeId } from "../../ids.ts";
import { afterKey, prefixRange } from "../../metastore/keys.ts";
import type { ReadTransaction } from "../../metastore/transaction.ts";
import { xattrKey } from "../rows/keys.ts";

export interface Xattr {
  readonly name: string;
  readonly value: Uint8Array;
}

export async function readXattrs(transaction: ReadTransaction, id: InodeId): Promise<readonly Xattr[]> {
  const prefix = xattrKey(id, "");
  const names = new TextDecoder("utf-8", { ignoreBOM: true });
  const found: Xattr[] = [];
  let { begin, end } = prefixRange(prefix);
  for (;;) {
    const { entries, more } = await transaction.range({ begin, end });
    for (const { key, value } of entries) {
      found.push({ name: names.decode(key.subarray(prefix.length)), value });
    }
    const last = entries.at(-1);
    if (!more || last === undefined) return found;
    begin = afterKey(last.key);
  }
}
