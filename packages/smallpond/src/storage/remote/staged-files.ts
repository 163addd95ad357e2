/**
 * Files of clusters as local ones: of the size they have there, and with those bytes in them that were asked for. Named by
 * what they are a version of, so a file that was changed is another one. Those that nobody uses go first when their bytes
 * are more than allowed.
 */
import { type Disk, type DiskFile, type DiskStat, PondError } from "@smallpond/base";
import type { ByteRange } from "./parquet-columns.ts";
import { joined, RangeSet } from "./range-set.ts";
import { parseRemote } from "./remote-path.ts";

export interface StagingSettings {
  /** On this machine; made when the first file is staged. */
  readonly directory: string;
  /** Bytes that were fetched and are kept. */
  readonly bytesMax: number;
}

/** What may be read together with two stretches rather than twice. */
const GAP_BYTES = 128 * 2 ** 10;
const PIECE_BYTES = 4 * 2 ** 20;
const PIECES_AT_ONCE = 8;

export class StagedFile {
  readonly url: string;
  readonly path: string;
  readonly size: number;
  /** Users; it stays while there are any. */
  pins = 0;
  /** Grows with each use, over all files. */
  usedAt = 0;
  readonly here: RangeSet = new RangeSet();
  /** One after another, so that nothing is fetched twice. */
  #turn: Promise<unknown> = Promise.resolve();
  readonly #disk: Disk;

  constructor(disk: Disk, file: { readonly url: string; readonly path: string; readonly size: number }) {
    this.#disk = disk;
    this.url = file.url;
    this.path = file.path;
    this.size = file.size;
  }

  /** Makes these bytes be here; how many were fetched. */
  fetch(ranges: readonly ByteRange[], signal?: AbortSignal): Promise<number> {
    const fetched = this.#turn.then(() => this.#fetch(ranges, signal));
    this.#turn = fetched.catch(() => {});
    return fetched;
  }

  async #fetch(ranges: readonly ByteRange[], signal?: AbortSignal): Promise<number> {
    const inside = ranges.map(({ start, end }) => ({ start, end: Math.min(end, this.size) }));
    const missing = joined(
      joined(inside, 0).flatMap((range) => this.here.missing(range)),
      GAP_BYTES,
    );
    const pieces = missing.flatMap((range) => cut(range));
    if (pieces.length === 0) return 0;
    await using from = await this.#disk.open(this.url, { read: true });
    await using to = await this.#disk.open(this.path, { write: true });
    let next = 0;
    const work = async (): Promise<void> => {
      const buffer = new Uint8Array(Math.min(PIECE_BYTES, this.size));
      while (next < pieces.length) {
        signal?.throwIfAborted();
        await this.#move({ from, to }, pieces[next++]!, buffer);
      }
    };
    const workers = Array.from({ length: Math.min(PIECES_AT_ONCE, pieces.length) }, work);
    const outcomes = await Promise.allSettled(workers);
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    return pieces.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  async #move(files: { from: DiskFile; to: DiskFile }, piece: ByteRange, buffer: Uint8Array): Promise<void> {
    const bytes = buffer.subarray(0, piece.end - piece.start);
    const count = await files.from.readAt(bytes, piece.start);
    if (count < bytes.length) {
      throw new PondError("FILE_CHANGED", {
        kind: "conflict",
        message: `${this.url} became shorter while it was read`,
        hint: "write a new file beside it and rename it, so that readers see the old or the new one",
        details: { path: this.url },
      });
    }
    await files.to.writeAt(bytes, piece.start);
    this.here.add(piece);
  }
}

function cut({ start, end }: ByteRange): ByteRange[] {
  const pieces: ByteRange[] = [];
  for (let at = start; at < end; at += PIECE_BYTES)
    pieces.push({ start: at, end: Math.min(end, at + PIECE_BYTES) });
  return pieces;
}

export class StagedFiles {
  readonly #disk: Disk;
  readonly #settings: StagingSettings;
  readonly #files = new Map<string, Promise<StagedFile>>();
  #uses = 0;

  /** The disk knows local paths and URLs. */
  constructor(disk: Disk, settings: StagingSettings) {
    this.#disk = disk;
    this.#settings = settings;
  }

  /** The file as it is now, pinned: the caller lets go of it. */
  async pin(url: string): Promise<StagedFile> {
    const stat = await this.#disk.stat(url);
    const key = `${url}|${versionOf(stat)}`;
    let making = this.#files.get(key);
    if (making === undefined) {
      making = this.#make(url, stat);
      this.#files.set(key, making);
      making.catch(() => this.#files.delete(key));
    }
    const file = await making;
    file.pins += 1;
    file.usedAt = ++this.#uses;
    return file;
  }

  release(file: StagedFile): void {
    file.pins -= 1;
  }

  /** Removes what is used by nobody, longest unused first, until `bytes` more fit. */
  async makeRoom(bytes: number): Promise<void> {
    const files = await Promise.all(this.#files.values());
    let kept = files.reduce((sum, file) => sum + file.here.bytes, 0);
    const idle = files.filter((file) => file.pins === 0).sort((a, b) => a.usedAt - b.usedAt);
    for (const file of idle) {
      if (kept + bytes <= this.#settings.bytesMax) return;
      kept -= file.here.bytes;
      for (const [key, making] of this.#files) if ((await making) === file) this.#files.delete(key);
      await this.#disk.removeTree(file.path);
    }
    if (kept + bytes <= this.#settings.bytesMax) return;
    throw new PondError("STAGING_FULL", {
      kind: "unavailable",
      message: `the statements that run read ${kept + bytes} bytes from clusters, and ${this.#settings.bytesMax} may be kept on this machine`,
      hint: "repartition the input so that each task reads less, or set POND_STAGING_BYTES",
      details: { bytes: kept + bytes, bytesMax: this.#settings.bytesMax },
    });
  }

  async #make(url: string, stat: DiskStat): Promise<StagedFile> {
    const { path: inside } = parseRemote(url);
    // The path there is part of the path here: columns may stand in it, as `year=2024`.
    const path = `${this.#settings.directory}/${versionOf(stat)}${inside}`;
    await this.#disk.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await using file = await this.#disk.open(path, { write: true, create: true, truncate: true });
    await file.truncate(stat.size);
    return new StagedFile(this.#disk, { url, path, size: stat.size });
  }
}

function versionOf({ inode, mtimeNs, ctimeNs, size }: DiskStat): string {
  return [inode, mtimeNs, ctimeNs, size].map((number) => number.toString(36)).join("-");
}
