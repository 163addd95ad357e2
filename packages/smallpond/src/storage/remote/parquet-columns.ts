/** Which bytes of a Parquet file a statement reads, from what DuckDB says about its plan and about the file. */

/** A stretch of a file: from `start` to before `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Names of columns, and texts in which names stand; `all` where it cannot be told. */
export interface NeededColumns {
  readonly all: boolean;
  readonly names: readonly string[];
  readonly texts: readonly string[];
}

interface PlanNode {
  readonly name: string;
  readonly children?: readonly PlanNode[];
  readonly extra_info?: Readonly<Record<string, string | readonly string[]>>;
}

/** From `EXPLAIN (FORMAT json)`: what all scans of Parquet files in the plan together read. */
export function neededColumns(planJson: string): NeededColumns {
  const names = new Set<string>();
  const texts = new Set<string>();
  let all = false;
  const visit = (node: PlanNode): void => {
    if (/PARQUET_SCAN|READ_PARQUET/.test(node.name)) {
      const { Projections, Filters } = node.extra_info ?? {};
      // Without either it may be that no column is read, or that the plan does not say.
      if (Projections === undefined) all = true;
      for (const name of list(Projections)) names.add(name);
      for (const text of list(Filters)) texts.add(text);
    }
    for (const child of node.children ?? []) visit(child);
  };
  for (const node of JSON.parse(planJson) as readonly PlanNode[]) visit(node);
  return { all, names: [...names], texts: [...texts] };
}

/** A row of `parquet_metadata`, as DuckDB's JSON values. */
export type ColumnChunk = Readonly<Record<string, unknown>>;

/** The chunks of the columns that are needed, of the row groups that have some of the rows. */
export function neededRanges(
  chunks: readonly ColumnChunk[],
  needed: NeededColumns,
  rows: { readonly begin: number; readonly end: number } | undefined,
): readonly ByteRange[] {
  const ranges: ByteRange[] = [];
  const groups = groupStarts(chunks);
  for (const chunk of chunks) {
    const start = groups.get(Number(chunk.row_group_id))!;
    const end = start + Number(chunk.row_group_num_rows);
    if (rows !== undefined && (end <= rows.begin || start >= rows.end)) continue;
    if (isNeeded(chunk, needed)) ranges.push(...rangesOf(chunk));
  }
  return ranges;
}

function groupStarts(chunks: readonly ColumnChunk[]): ReadonlyMap<number, number> {
  const counts = new Map(
    chunks.map((chunk) => [Number(chunk.row_group_id), Number(chunk.row_group_num_rows)]),
  );
  const starts = new Map<number, number>();
  let start = 0;
  for (const id of [...counts.keys()].sort((a, b) => a - b)) {
    starts.set(id, start);
    start += counts.get(id)!;
  }
  return starts;
}

function isNeeded(chunk: ColumnChunk, { all, names, texts }: NeededColumns): boolean {
  if (all) return true;
  const [column = ""] = String(chunk.path_in_schema).split(", ");
  const name = column.toLowerCase();
  return (
    names.some((each) => each.toLowerCase() === name || each.toLowerCase().startsWith(`${name}.`)) ||
    texts.some((text) => text.toLowerCase().includes(name))
  );
}

function rangesOf(chunk: ColumnChunk): readonly ByteRange[] {
  const offsets = [chunk.dictionary_page_offset, chunk.index_page_offset, chunk.data_page_offset]
    .filter((offset) => offset !== null && offset !== undefined)
    .map(Number)
    // Some writers put 0 where there is none; the first bytes of a file are its magic number.
    .filter((offset) => offset > 0);
  const start = Math.min(...offsets);
  const ranges = [{ start, end: start + Number(chunk.total_compressed_size) }];
  if (chunk.bloom_filter_offset !== null && chunk.bloom_filter_offset !== undefined) {
    const filter = Number(chunk.bloom_filter_offset);
    // Old writers do not say how long it is.
    ranges.push({ start: filter, end: filter + Number(chunk.bloom_filter_length ?? BLOOM_BYTES_MAX) });
  }
  return ranges;
}

const BLOOM_BYTES_MAX = 2 ** 20;

function list(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined || value === "") return [];
  return typeof value === "string" ? [value] : value;
}
