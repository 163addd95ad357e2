/** DuckDB's UUID: the 128 bits, least significant byte first, with the top bit flipped so that they sort as signed. */

/** The text of the 16 bytes at `at`. */
export function uuidText(stored: Uint8Array, at: number): string {
  let text = "";
  for (let index = 15; index >= 0; index--) {
    const byte = index === 15 ? stored[at + index]! ^ 0x80 : stored[at + index]!;
    text += HEX[byte];
    if (index === 12 || index === 10 || index === 8 || index === 6) text += "-";
  }
  return text;
}

/** The stored bytes of a UUID in any of its usual spellings, or undefined. */
export function uuidBytes(text: string): Uint8Array | undefined {
  const match = /^\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?$/i.exec(
    text,
  );
  if (match === null) return undefined;
  const hex = match.slice(1).join("");
  const bytes = new Uint8Array(16);
  for (let index = 0; index < 16; index++) {
    bytes[15 - index] = Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16);
  }
  bytes[15]! ^= 0x80;
  return bytes;
}

/** Stored UUIDs with their bytes in the order of their text, which is what everyone else stores. */
export function uuidsInTextOrder(stored: Uint8Array, count: number): Uint8Array<ArrayBuffer> {
  const bytes = reversed(stored, count);
  for (let row = 0; row < count; row++) bytes[row * 16]! ^= 0x80;
  return bytes;
}

/** The other way. */
export function uuidsAsStored(bytes: Uint8Array, count: number): Uint8Array<ArrayBuffer> {
  const stored = reversed(bytes, count);
  for (let row = 0; row < count; row++) stored[row * 16 + 15]! ^= 0x80;
  return stored;
}

function reversed(bytes: Uint8Array, count: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(count * 16);
  for (let row = 0; row < count; row++) {
    for (let index = 0; index < 16; index++) result[row * 16 + index] = bytes[row * 16 + 15 - index]!;
  }
  return result;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
