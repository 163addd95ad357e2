/** Pieces of files, and how even partitions are cut. Pure. */

/** Rows `begin` (included) to `end` (excluded) of one file; the whole file when both are undefined. */
export interface FileSlice {
  readonly path: string;
  readonly begin?: number;
  readonly end?: number;
}

export interface CountedFile {
  readonly path: string;
  readonly rows: number;
}

/** Contiguous groups in order; the first `length % count` groups are one longer. Groups may be empty. */
export function splitEvenly<T>(items: readonly T[], count: number): T[][] {
  const longer = items.length % count;
  const size = Math.floor(items.length / count);
  const groups: T[][] = [];
  let start = 0;
  for (let i = 0; i < count; i++) {
    const end = start + size + (i < longer ? 1 : 0);
    groups.push(items.slice(start, end));
    start = end;
  }
  return groups;
}

/** Rows of all files, in order, cut into pieces that each take ⌈remaining rows ÷ remaining pieces⌉. */
export function splitRows(files: readonly CountedFile[], count: number): FileSlice[][] {
  let remaining = files.reduce((sum, file) => sum + file.rows, 0);
  const groups: FileSlice[][] = [];
  let file = 0;
  let offset = 0;
  for (let i = 0; i < count; i++) {
    let want = Math.ceil(remaining / (count - i));
    remaining -= want;
    const group: FileSlice[] = [];
    while (want > 0) {
      const current = files[file]!;
      const take = Math.min(want, current.rows - offset);
      if (take > 0) group.push(sliceOf(current, offset, offset + take));
      want -= take;
      offset += take;
      if (offset === current.rows) {
        file++;
        offset = 0;
      }
    }
    groups.push(group);
  }
  return groups;
}

function sliceOf(file: CountedFile, begin: number, end: number): FileSlice {
  return begin === 0 && end === file.rows ? { path: file.path } : { path: file.path, begin, end };
}
