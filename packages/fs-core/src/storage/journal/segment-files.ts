/**
 * The files of segments. Each is written with zeros before it is used, so that a full disk shows here and not in the middle
 * of a group commit, and syncing a batch changes no metadata. One is kept in store.
 */
import { type Disk, type DiskFile, isPondError } from "@smallpond/base";
import type { Crc } from "../model/pages.ts";
import { makeSegmentHead, type SegmentHead, segmentName, segmentOf } from "./segment.ts";

const FILL_BYTES = 1 << 20;

export interface OpenSegment {
  readonly segment: number;
  readonly file: DiskFile;
  readonly bytes: number;
}

export class SegmentFiles {
  readonly #disk: Disk;
  readonly #crc: Crc;
  readonly directory: string;
  readonly #settings: { readonly segmentBytes: number; readonly salt: bigint };
  #spare: Promise<boolean> | undefined;
  #isSpareReady = false;

  constructor(
    deps: { readonly disk: Disk; readonly crc: Crc },
    directory: string,
    settings: { readonly segmentBytes: number; readonly salt: bigint },
  ) {
    this.#disk = deps.disk;
    this.#crc = deps.crc;
    this.directory = directory;
    this.#settings = settings;
  }

  /** Whether the next segment's space is there. */
  get isSpareReady(): boolean {
    return this.#isSpareReady;
  }

  /** Makes a spare unless there is one; false when the disk is full. */
  prepare(): Promise<boolean> {
    this.#spare ??= this.#makeSpare().then(
      (made) => {
        this.#isSpareReady = made;
        if (!made) this.#spare = undefined;
        return made;
      },
      (error: unknown) => {
        this.#spare = undefined;
        throw error;
      },
    );
    return this.#spare;
  }

  /** Turns the spare into the next segment, durably; undefined when the disk is full. */
  async begin(head: SegmentHead): Promise<OpenSegment | undefined> {
    if (!(await this.prepare())) return undefined;
    const path = this.pathOf(head.segment);
    const file = await this.#disk.open(this.#sparePath, { read: true, write: true });
    try {
      await file.writeAt(makeSegmentHead(this.#crc, head, this.#settings.salt), 0);
      await file.sync();
      await this.#disk.rename({ from: this.#sparePath, to: path });
      await this.#disk.syncDirectory(this.directory);
    } catch (error) {
      await file.close();
      throw error;
    }
    this.#spare = undefined;
    this.#isSpareReady = false;
    return { segment: head.segment, file, bytes: this.#settings.segmentBytes };
  }

  /** Opens one that is there. */
  async open(segment: number): Promise<OpenSegment> {
    const file = await this.#disk.open(this.pathOf(segment), { read: true, write: true });
    return { segment, file, bytes: await file.size() };
  }

  /** The numbers of the segments there are, in order. */
  async list(): Promise<readonly number[]> {
    const entries = await this.#disk.readdir(this.directory);
    return entries.map(({ name }) => segmentOf(name)).filter((segment) => segment !== undefined);
  }

  pathOf(segment: number): string {
    return `${this.directory}/${segmentName(segment)}`;
  }

  /** Removes segments before one: a checkpoint holds what they say. */
  async removeBefore(segment: number): Promise<void> {
    for (const old of await this.list()) {
      if (old < segment) await this.#disk.unlink(this.pathOf(old));
    }
    await this.#disk.syncDirectory(this.directory);
  }

  /** Waits for a spare that is being made. */
  async idle(): Promise<void> {
    await this.#spare?.catch(() => {});
  }

  get #sparePath(): string {
    return `${this.directory}/spare`;
  }

  async #makeSpare(): Promise<boolean> {
    const { segmentBytes } = this.#settings;
    const file = await this.#disk.open(this.#sparePath, { write: true, create: true });
    try {
      // One that a crash left holds zeros, whatever became of it, and room that a full disk may not give again.
      if ((await file.size()) === segmentBytes) {
        await file.sync();
        return true;
      }
      await file.truncate(0);
      const zeros = new Uint8Array(Math.min(FILL_BYTES, segmentBytes));
      for (let at = 0; at < segmentBytes; at += zeros.length) {
        await file.writeAt(zeros.subarray(0, segmentBytes - at), at);
      }
      await file.sync();
      return true;
    } catch (error) {
      if (!isPondError(error, "ENOSPC") && !isPondError(error, "EDQUOT")) throw error;
      await file.truncate(0);
      return false;
    } finally {
      await file.close();
    }
  }
}
