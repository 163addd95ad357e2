/**
 * What makes damage of a stored row visible: LMDB has no checksums of its own. A row is its value and the CRC-32C of key
 * and value, so that neither a changed byte nor a value under another row's key is ever served.
 */
import { type Crc32c, newCrc32c } from "@smallpond/fs-native";
import { metastoreError } from "../metastore/errors.ts";

export const SEAL_BYTES = 4;

export class RowSeal {
  readonly #crc32c: Crc32c = newCrc32c();

  /** Fills `row`, which is `SEAL_BYTES` longer than the value. */
  close(row: Uint8Array, key: Uint8Array, value: Uint8Array): void {
    row.set(value);
    const view = new DataView(row.buffer, row.byteOffset, row.length);
    view.setUint32(value.length, this.#crcOf(key, value), true);
  }

  /** The value, in the row's memory. Throws `STORE_CORRUPT` if it is not what was stored under the key. */
  open(row: Uint8Array, key: Uint8Array): Uint8Array {
    const bytes = row.length - SEAL_BYTES;
    const value = new Uint8Array(row.buffer, row.byteOffset, Math.max(0, bytes));
    const view = new DataView(row.buffer, row.byteOffset, row.length);
    if (bytes >= 0 && view.getUint32(bytes, true) === this.#crcOf(key, value)) return value;
    throw metastoreError(
      "STORE_CORRUPT",
      `the row ${printable(key)} is not what was stored: its checksum is wrong`,
    );
  }

  #crcOf(key: Uint8Array, value: Uint8Array): number {
    return this.#crc32c.of(value, this.#crc32c.of(key));
  }
}

function printable(key: Uint8Array): string {
  let text = "";
  for (const byte of key.subarray(0, 64)) {
    const isPlain = byte > 0x20 && byte < 0x7f;
    text += isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return text;
}
