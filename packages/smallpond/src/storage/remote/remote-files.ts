/** Statements that name files of clusters, made into statements over local files, see `duckdb/remote-files.ts`. */
import { assert, type Clock, type Disk, PondError } from "@smallpond/base";
import type { LocalStatement, RemoteFiles, StatementUse } from "../../duckdb/remote-files.ts";
import { quoteText, quoteTexts } from "../../duckdb/text.ts";
import { type NeededColumns, neededColumns, neededRanges } from "./parquet-columns.ts";
import { remoteGlob } from "./remote-glob.ts";
import { type StagedFile, StagedFiles, type StagingSettings } from "./staged-files.ts";
import { replacePaths, type StatementPath, statementPaths } from "./statement-paths.ts";
import { Upload } from "./upload.ts";

export interface StagingDeps {
  /** Knows local paths and URLs. */
  readonly disk: Disk;
  readonly clock: Clock;
}

/** The footer of most files, with what it ends in. */
const FOOTER_BYTES = 64 * 2 ** 10;
const TRAILER_BYTES = 8;
const FILES_AT_ONCE = 16;

interface Reading {
  readonly path: StatementPath;
  readonly files: readonly StagedFile[];
}

export class StagedRemoteFiles implements RemoteFiles {
  readonly #deps: StagingDeps;
  readonly #settings: StagingSettings;
  readonly #files: StagedFiles;
  #writes = 0;

  constructor(deps: StagingDeps, settings: StagingSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#files = new StagedFiles(deps.disk, settings);
  }

  async prepare(sql: string, use: StatementUse): Promise<LocalStatement | undefined> {
    const paths = statementPaths(sql);
    if (paths.length === 0) return undefined;
    refuseViews(sql);
    const pinned: StagedFile[] = [];
    try {
      return await this.#prepare(sql, paths, use, pinned);
    } catch (error) {
      for (const file of pinned) this.#files.release(file);
      throw originals(error, pinned);
    }
  }

  async #prepare(
    sql: string,
    paths: readonly StatementPath[],
    use: StatementUse,
    pinned: StagedFile[],
  ): Promise<LocalStatement> {
    const reads: Reading[] = [];
    const replacements: string[] = [];
    let output: { readonly local: string; readonly remote: string } | undefined;
    for (const path of paths) {
      if (path.reader === "copy") {
        output = { local: await this.#placeFor(path.url), remote: path.url };
        replacements.push(quoteText(output.local));
        continue;
      }
      const files = await this.#pinned(path.url, pinned);
      await eachOf(files, (file) => this.#bringHead(file, path, use));
      reads.push({ path, files });
      replacements.push(textFor(path, files));
    }
    const local = replacePaths(sql, paths, replacements);
    if (use.data) await this.#bringData(local, reads, use);
    const upload = use.data && output !== undefined ? new Upload(this.#deps, output) : undefined;
    return this.#statement(local, { pinned, output, upload });
  }

  #statement(
    sql: string,
    made: {
      readonly pinned: readonly StagedFile[];
      readonly output: { readonly local: string; readonly remote: string } | undefined;
      readonly upload: Upload | undefined;
    },
  ): LocalStatement {
    const { pinned, output, upload } = made;
    const pairs = pinned.map(({ path, url }): [string, string] => [path, url]);
    if (output !== undefined) pairs.push([output.local, output.remote]);
    // The longest first: one may begin another.
    pairs.sort(([a], [b]) => b.length - a.length);
    const scratch = output?.local.slice(0, output.local.lastIndexOf("/"));
    return {
      sql,
      original: (text) => pairs.reduce((whole, [path, url]) => whole.replaceAll(path, url), text),
      finish: async () => await upload?.finish(),
      release: async (failed) => {
        if (failed) await upload?.abandon();
        if (scratch !== undefined) await this.#deps.disk.removeTree(scratch);
        for (const file of pinned) this.#files.release(file);
      },
    };
  }

  async #pinned(url: string, pinned: StagedFile[]): Promise<readonly StagedFile[]> {
    const urls = await this.#matches(url);
    const files: StagedFile[] = [];
    for (let at = 0; at < urls.length; at += FILES_AT_ONCE) {
      const some = await Promise.allSettled(
        urls.slice(at, at + FILES_AT_ONCE).map((each) => this.#files.pin(each)),
      );
      for (const outcome of some) {
        if (outcome.status === "fulfilled") {
          pinned.push(outcome.value);
          files.push(outcome.value);
        }
      }
      for (const outcome of some) if (outcome.status === "rejected") throw outcome.reason;
    }
    return files;
  }

  async #matches(url: string): Promise<readonly string[]> {
    const literal = literalOf(url);
    if (literal !== undefined) return [literal];
    const matches = await remoteGlob(this.#deps.disk, url);
    if (matches.length > 0) return matches;
    throw new PondError("FILE_NOT_FOUND", {
      kind: "invalid",
      message: `no file matches ${url}`,
      details: { path: url },
      hint: "check the pattern; ** looks into directories below",
    });
  }

  /** What binding needs: the footer of a Parquet file, all of any other, because types are found out from rows. */
  async #bringHead(file: StagedFile, path: StatementPath, { signal }: StatementUse): Promise<void> {
    if (!isParquet(path)) return await this.#bring(file, [{ start: 0, end: file.size }], signal);
    const tail = { start: Math.max(0, file.size - FOOTER_BYTES), end: file.size };
    await this.#bring(file, [{ start: 0, end: Math.min(4, file.size) }, tail], signal);
    if (file.size < TRAILER_BYTES + 4) return;
    await using local = await this.#deps.disk.open(file.path, { read: true });
    const trailer = new Uint8Array(TRAILER_BYTES);
    await local.readAt(trailer, file.size - TRAILER_BYTES);
    const length = new DataView(trailer.buffer).getUint32(0, true);
    const start = Math.max(0, file.size - TRAILER_BYTES - length);
    await this.#bring(file, [{ start, end: file.size }], signal);
  }

  async #bringData(sql: string, reads: readonly Reading[], use: StatementUse): Promise<void> {
    const scans = reads.filter(({ path, files }) => readsColumns(path) && files.length > 0);
    if (scans.length === 0) return;
    const needed = neededColumns(await use.explain(sql.replace(/^\s*EXPLAIN\s+ANALYZE\s+/i, "")));
    for (const { path, files } of scans) {
      await eachOf(files, (file) => this.#bringColumns(file, { needed, rows: path.rows }, use));
    }
  }

  async #bringColumns(
    file: StagedFile,
    wanted: { readonly needed: NeededColumns; readonly rows: StatementPath["rows"] },
    { rows, signal }: StatementUse,
  ): Promise<void> {
    const chunks = await rows(`SELECT * FROM parquet_metadata(${quoteText(escaped(file.path))})`);
    await this.#bring(file, neededRanges(chunks, wanted.needed, wanted.rows), signal);
  }

  async #bring(
    file: StagedFile,
    ranges: readonly { readonly start: number; readonly end: number }[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const missing = ranges.flatMap((range) => file.here.missing(range));
    const bytes = missing.reduce((sum, { start, end }) => sum + end - start, 0);
    if (bytes === 0) return;
    await this.#files.makeRoom(bytes);
    await file.fetch(ranges, signal);
  }

  /** A directory of its own on this machine, and in it the name that the target has. */
  async #placeFor(url: string): Promise<string> {
    const directory = `${this.#settings.directory}/out-${this.#writes++}`;
    await this.#deps.disk.mkdir(directory, { recursive: true });
    return `${directory}/${url.replace(/\/+$/, "").replace(/^.*\//, "")}`;
  }
}

async function eachOf(
  files: readonly StagedFile[],
  work: (file: StagedFile) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < files.length; at += FILES_AT_ONCE) {
    const outcomes = await Promise.allSettled(files.slice(at, at + FILES_AT_ONCE).map(work));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }
}

function isParquet({ reader, url }: StatementPath): boolean {
  return reader.includes("parquet") || (reader === "from" && /\.(parquet|parq|pq)\W*$/i.test(url));
}

/** Of Parquet files whose rows are read, not only what is said about them. */
function readsColumns(path: StatementPath): boolean {
  return isParquet(path) && ["read_parquet", "parquet_scan", "from"].includes(path.reader);
}

function textFor({ inList, reader }: StatementPath, files: readonly StagedFile[]): string {
  const paths = files.map(({ path }) => escaped(path));
  assert(paths.length > 0, "a path that matches nothing is refused");
  if (inList) return paths.map(quoteText).join(", ");
  if (paths.length === 1) return quoteText(paths[0]!);
  return reader === "from" ? `${readerOf(paths[0]!)}(${quoteTexts(paths)})` : quoteTexts(paths);
}

function readerOf(path: string): string {
  if (/\.(parquet|parq|pq)$/i.test(path)) return "read_parquet";
  return /\.(json|jsonl|ndjson)(\.gz|\.zst)?$/i.test(path) ? "read_json" : "read_csv";
}

/** The one name that a pattern stands for, if it is no pattern: `[*]` is a star. */
function literalOf(pattern: string): string | undefined {
  const isPattern = /[*?[]/.test(pattern.replace(/\[[*?[]\]/g, ""));
  return isPattern ? undefined : pattern.replace(/\[([*?[])\]/g, "$1");
}

/** A path as a pattern that matches only itself. */
function escaped(path: string): string {
  return path.replace(/[*?[]/g, "[$&]");
}

/** A view would be read later, when nobody fetches what it reads. */
function refuseViews(sql: string): void {
  if (!/^\s*CREATE\s+(OR\s+REPLACE\s+)?(TEMP(ORARY)?\s+)?(VIEW|MACRO|FUNCTION)\b/i.test(sql)) return;
  throw new PondError("REMOTE_VIEW", {
    kind: "invalid",
    message: "views over files of a cluster are not supported",
    hint: "name the files in each query, or keep their rows: CREATE TABLE … AS SELECT …",
  });
}

/** An error of the engine with URLs where it says local paths. */
function originals(error: unknown, pinned: readonly StagedFile[]): unknown {
  if (!(error instanceof Error)) return error;
  for (const { path, url } of pinned) error.message = error.message.replaceAll(path, url);
  return error;
}
