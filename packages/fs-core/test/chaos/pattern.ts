/**
 * What files of the chaos test are filled with: every 16 bytes say of which file they are, where in it, by which write, and
 * have a checksum of that. A byte that is lost, old or in the wrong place shows, and says where it is from.
 */

export const CELL_BYTES = 16;

/** Writes of a file are numbered from 1; zeros are of none. */
export type Seq = number;

export interface Cell {
  readonly file: number;
  readonly at: number;
  readonly seq: Seq;
}

export function patternOf(file: number, from: number, to: number, seq: Seq): Uint8Array {
  const words = new Uint32Array(((to - from) / CELL_BYTES) * 4);
  for (let word = 0, at = from / CELL_BYTES; word < words.length; word += 4, at++) {
    words[word] = file;
    words[word + 1] = at;
    words[word + 2] = seq;
    words[word + 3] = sumOf(file, at, seq);
  }
  return new Uint8Array(words.buffer);
}

/** All zeros is cell 0 of file 0, by write 0. Nothing if it is none of ours. */
export function cellIn(words: Uint32Array, index: number): Cell | undefined {
  const [file, at, seq, sum] = words.subarray(index * 4, index * 4 + 4) as unknown as number[];
  if (file === 0 && at === 0 && seq === 0 && sum === 0) return { file, at, seq };
  return sum === sumOf(file!, at!, seq!) ? { file: file!, at: at!, seq: seq! } : undefined;
}

/** Whether the cell is write `seq`'s of this place: the common case, without an object for each. */
export function isCell(words: Uint32Array, index: number, { file, at, seq }: Cell): boolean {
  const word = index * 4;
  if (seq === 0) return (words[word]! | words[word + 1]! | words[word + 2]! | words[word + 3]!) === 0;
  return (
    words[word] === file &&
    words[word + 1] === at &&
    words[word + 2] === seq &&
    words[word + 3] === sumOf(file, at, seq)
  );
}

export function wordsIn(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 4));
}

/** Odd, so that no cell with its checksum is zeros. */
function sumOf(file: number, at: number, seq: number): number {
  let sum = Math.imul(file + 0x9e37_79b9, 0x85eb_ca6b) ^ at;
  sum = Math.imul(sum ^ (sum >>> 13), 0xc2b2_ae35) ^ seq;
  sum = Math.imul(sum ^ (sum >>> 16), 0x27d4_eb2f);
  return ((sum ^ (sum >>> 15)) | 1) >>> 0;
}
