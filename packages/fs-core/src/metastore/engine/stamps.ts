/** Values that carry the version of the commit that wrote them: 8 bytes, big endian, at their beginning. */
import { metastoreError } from "../errors.ts";
import type { MetastoreError } from "../transaction.ts";

export const STAMP_BYTES = 8;

export function stamped(value: Uint8Array, version: bigint): Uint8Array {
  const copy = new Uint8Array(value);
  new DataView(copy.buffer).setBigUint64(0, version);
  return copy;
}

export function unstamped(): MetastoreError {
  return metastoreError(
    "VERSION_NOT_YET_KNOWN",
    "the transaction reads a row whose value will be the version of its own commit",
  );
}
