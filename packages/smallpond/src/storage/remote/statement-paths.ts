/**
 * The URLs of clusters that a statement reads or writes, and where they stand. Only those in the place of a file count:
 * arguments of functions that read files, names behind FROM and JOIN, the target of COPY. Others are values.
 */
import { isRemote } from "./remote-path.ts";

export interface StatementPath {
  /** As written, without quotes: may be a pattern. */
  readonly url: string;
  /** Where the literal stands, its quotes included. */
  readonly start: number;
  readonly end: number;
  /** What reads it: a function in lower case, `from` for a name in place of a table, `copy` for where rows go. */
  readonly reader: string;
  readonly inList: boolean;
  /** The rows of the file that are asked for, where the statement says so right behind the function. */
  readonly rows: { readonly begin: number; readonly end: number } | undefined;
}

const READERS: ReadonlySet<string> = new Set(
  (
    "read_parquet parquet_scan parquet_metadata parquet_file_metadata parquet_schema parquet_kv_metadata " +
    "parquet_bloom_probe read_csv read_csv_auto sniff_csv read_json read_json_auto read_json_objects " +
    "read_json_objects_auto read_ndjson read_ndjson_auto read_ndjson_objects read_text read_blob"
  ).split(" "),
);

const ROWS = /^\s*WHERE file_row_number >= (\d+) AND file_row_number < (\d+)/i;

interface Frame {
  readonly call: string;
  argument: number;
  brackets: number;
  readonly found: Omit<StatementPath, "rows">[];
}

const TOKENS =
  /--[^\n]*|\/\*[\s\S]*?\*\/|\$(\w*)\$[\s\S]*?\$\1\$|'(?:[^']|'')*'|"(?:[^"]|"")*"|[A-Za-z_][\w$]*|[()[\],]|[^\s]/g;

export function statementPaths(sql: string): readonly StatementPath[] {
  const paths: StatementPath[] = [];
  const frames: Frame[] = [{ call: "", argument: 0, brackets: 0, found: [] }];
  let before = "";
  const isCopy = /^\s*COPY\b/i.test(sql);
  for (const { 0: token, index } of sql.matchAll(TOKENS)) {
    const frame = frames.at(-1)!;
    if (token.startsWith("--") || token.startsWith("/*")) continue;
    if (token === "(") frames.push({ call: before.toLowerCase(), argument: 0, brackets: 0, found: [] });
    else if (token === ")" && frames.length > 1) {
      frames.pop();
      const [, begin, end] = ROWS.exec(sql.slice(index + 1, index + 200)) ?? [];
      const rows = begin === undefined ? undefined : { begin: Number(begin), end: Number(end) };
      paths.push(...frame.found.map((path) => ({ ...path, rows })));
    } else if (token === "[") frame.brackets++;
    else if (token === "]") frame.brackets--;
    else if (token === "," && frame.brackets === 0) frame.argument++;
    else if (token.startsWith("'")) {
      const url = token.slice(1, -1).replaceAll("''", "'");
      const place = { url, start: index, end: index + token.length };
      if (!isRemote(url)) continue;
      const word = before.toLowerCase();
      if (READERS.has(frame.call) && frame.argument === 0) {
        frame.found.push({ ...place, reader: frame.call, inList: frame.brackets > 0 });
      } else if (word === "from" || word === "join") {
        paths.push({ ...place, reader: "from", inList: false, rows: undefined });
      } else if (word === "to" && isCopy && frames.length === 1) {
        paths.push({ ...place, reader: "copy", inList: false, rows: undefined });
      }
    }
    before = token;
  }
  return paths.sort((a, b) => a.start - b.start);
}

/** The statement with other text where paths stand, in the order of the paths. */
export function replacePaths(
  sql: string,
  paths: readonly StatementPath[],
  replacements: readonly string[],
): string {
  let text = "";
  let at = 0;
  for (const [i, path] of paths.entries()) {
    text += sql.slice(at, path.start) + replacements[i]!;
    at = path.end;
  }
  return text + sql.slice(at);
}
