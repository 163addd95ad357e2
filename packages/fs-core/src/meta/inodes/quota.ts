/**
 * Whether a quota lets something in. Usage is read without conflicts, or all creates under one quota would fight: those
 * that are under way at the same moment do not see each other, so a limit is overshot by at most what they add.
 */
import type { Transaction } from "../../metastore/transaction.ts";
import { decode } from "../../wire/codec/index.ts";
import { type Asked, refused } from "../access/permissions.ts";
import { counterRow } from "../rows/inode-row.ts";
import { quotaBytesKey, quotaInodesKey, quotaKey } from "../rows/keys.ts";
import { quotaRow } from "../rows/quota-row.ts";

/** Throws `EDQUOT` if the quota has no room for more. Quota 0 has no limits. */
export async function requireRoom(
  transaction: Transaction,
  quota: number,
  more: { readonly inodes?: bigint; readonly bytes?: bigint },
  asked: Asked,
): Promise<void> {
  if (quota === 0) return;
  const { inodes = 0n, bytes = 0n } = more;
  const [limits, usedInodes, usedBytes] = await transaction.getMany(
    [quotaKey(quota), quotaInodesKey(quota), quotaBytesKey(quota)],
    { snapshot: true },
  );
  if (limits === undefined) return;
  const { inodesMax, bytesMax } = decode(quotaRow, limits);
  if (inodes > 0n && isOver(usedInodes, inodes, inodesMax)) {
    throw refused("EDQUOT", asked, `quota ${quota} allows ${inodesMax} inodes`);
  }
  if (bytes > 0n && isOver(usedBytes, bytes, bytesMax)) {
    throw refused("EDQUOT", asked, `quota ${quota} allows ${bytesMax} bytes`);
  }
}

function isOver(used: Uint8Array | undefined, more: bigint, max: bigint | undefined): boolean {
  if (max === undefined) return false;
  return (used === undefined ? 0n : decode(counterRow, used)) + more > max;
}
