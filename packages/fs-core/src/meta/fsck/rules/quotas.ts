/** What a quota's rows say is used is what its inodes come to. */
import { decode } from "../../../wire/codec/index.ts";
import { counterRow } from "../../rows/inode-row.ts";
import { quotaBytesKey, quotaInodesKey } from "../../rows/keys.ts";
import type { Finding } from "../finding.ts";
import { type Scan, tableOf } from "../scan.ts";

interface Usage {
  bytes: bigint;
  inodes: bigint;
}

export async function* quotas(scan: Scan): AsyncIterable<Finding> {
  const used = new Map<number, Usage>();
  for (const { quota, length } of scan.inodes.values()) {
    if (quota === 0) continue;
    const usage = used.get(quota) ?? { bytes: 0n, inodes: 0n };
    usage.bytes += length;
    usage.inodes += 1n;
    used.set(quota, usage);
  }
  const found: Finding[] = [];
  const { source, rows } = scan;
  for await (const { key } of tableOf(source, "QUSE", counterRow, { rows, broken: (f) => found.push(f) })) {
    const quota = new DataView(key.buffer, key.byteOffset, key.length).getUint32(4);
    if (!used.has(quota)) used.set(quota, { bytes: 0n, inodes: 0n });
  }
  yield* found;
  for (const [quota, usage] of used) {
    yield* compared(scan, quota, "bytes", quotaBytesKey(quota), usage.bytes);
    yield* compared(scan, quota, "inodes", quotaInodesKey(quota), usage.inodes);
  }
}

async function* compared(
  { source }: Scan,
  quota: number,
  what: string,
  key: Uint8Array,
  used: bigint,
): AsyncIterable<Finding> {
  const value = await source.get(key);
  const counted = value === undefined ? 0n : decode(counterRow, value);
  if (counted === used) return;
  yield {
    code: "QUOTA_WRONG",
    severity: "leak",
    subject: `quota ${quota}`,
    detail: `${counted} ${what} are counted, and ${used} are used`,
    repair: { expect: [{ key, value }], change: [{ kind: "add", key, delta: used - counted }] },
  };
}
