/** The row that counts a directory's directories counts those that are there. */
import { decode } from "../../../wire/codec/index.ts";
import { counterRow } from "../../rows/inode-row.ts";
import { directoryLinksKey } from "../../rows/keys.ts";
import type { Finding } from "../finding.ts";
import type { Scan } from "../scan.ts";
import { idIn, tableOf } from "../scan.ts";

export async function* directoryLinks({ source, inodes, rows }: Scan): AsyncIterable<Finding> {
  const counted = new Map<bigint, Uint8Array>();
  // The rule about rows of inodes tells of those that cannot be read.
  for await (const { key, bytes } of tableOf(source, "DLNK", counterRow, { rows, broken: () => {} })) {
    counted.set(idIn(key, 4), bytes);
  }
  for (const [id, { kind, subdirectories }] of inodes) {
    if (kind !== "directory") continue;
    const value = counted.get(id);
    const count = value === undefined ? 0n : decode(counterRow, value);
    const delta = BigInt(subdirectories) - count;
    if (delta === 0n) continue;
    const key = directoryLinksKey(id);
    yield {
      code: "DIRECTORY_LINKS_WRONG",
      severity: "broken",
      subject: `inode ${id}`,
      detail: `${count} directories are counted in it, and ${subdirectories} are there`,
      repair: { expect: [{ key, value }], change: [{ kind: "add", key, delta }] },
    };
  }
}
