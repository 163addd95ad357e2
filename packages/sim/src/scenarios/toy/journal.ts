/**
 * The log on disk: frames of `length crc record`, one after another. A record counts once it is synced.
 *
 * What a crash leaves at the end and what rot does in the middle look the same, so any damage makes the replica a
 * suspect: it says so durably before it cuts the damage off, and counts for nothing until a primary confirms that it
 * has everything again.
 */
import { assert, type Disk, type DiskFile, type Probes } from "@smallpond/base";
import { frame, frameBytes, unframe } from "./codec.ts";
import { decodeRecord, encodeRecord, type LogRecord } from "./messages.ts";

const PATH = "/data/journal";

export interface Recovered {
  readonly records: readonly LogRecord[];
  /** Whether bytes behind the records had to be cut off. */
  readonly damaged: boolean;
}

export class Journal {
  readonly #probes: Probes;
  readonly #file: DiskFile;
  /** Where each record ends; record `index` of the log is number `index - 1` here. */
  readonly #ends: number[] = [];
  readonly #syncs: boolean;

  private constructor(deps: { readonly file: DiskFile; readonly probes: Probes; readonly syncs: boolean }) {
    this.#file = deps.file;
    this.#probes = deps.probes;
    this.#syncs = deps.syncs;
  }

  /** Opens the journal, making it durably if it is missing. Damage is reported, not yet cut off. */
  static async open(
    deps: { readonly disk: Disk; readonly probes: Probes },
    options: { readonly syncs: boolean },
  ): Promise<{ readonly journal: Journal; readonly recovered: Recovered }> {
    const isNew = !(await deps.disk.exists(PATH));
    const file = await deps.disk.open(PATH, { read: true, write: true, create: true });
    if (isNew) {
      await file.sync();
      await deps.disk.syncDirectory("/data");
    }
    const journal = new Journal({ file, probes: deps.probes, syncs: options.syncs });
    const bytes = new Uint8Array(await file.size());
    await file.readAt(bytes, 0);
    return { journal, recovered: journal.#recover(bytes) };
  }

  /** Cuts off what `open` could not read. */
  async cutDamage(): Promise<void> {
    await this.#truncate(this.#endOf(this.#ends.length));
  }

  /** Adds records behind record `afterIndex`, dropping whatever is there; durable when it returns. */
  async append(records: readonly LogRecord[], afterIndex: number): Promise<void> {
    assert(afterIndex <= this.#ends.length, "a log has no holes");
    if (afterIndex < this.#ends.length) {
      this.#probes.mark("journal: records of an old epoch dropped");
      this.#ends.length = afterIndex;
      // Synced before anything is written over it: old records must not reappear behind new ones.
      await this.#truncate(this.#endOf(afterIndex));
    }
    const frames = records.map((record) => frame(encodeRecord(record)));
    let position = this.#endOf(afterIndex);
    for (const bytes of frames) {
      await this.#file.writeAt(bytes, position);
      position += bytes.length;
      this.#ends.push(position);
    }
    if (this.#syncs) await this.#file.datasync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #recover(bytes: Uint8Array): Recovered {
    const records: LogRecord[] = [];
    let position = 0;
    for (;;) {
      const size = frameBytes(bytes.subarray(position));
      if (size === undefined || position + size > bytes.length) break;
      const payload = unframe(bytes.subarray(position, position + size));
      if (payload === undefined) break;
      const record = decodeRecord(payload);
      if (record.epoch < (records.at(-1)?.epoch ?? 0)) break;
      records.push(record);
      position += size;
      this.#ends.push(position);
    }
    const damaged = position < bytes.length;
    if (damaged) this.#probes.mark("journal: damage found");
    return { records, damaged };
  }

  async #truncate(size: number): Promise<void> {
    await this.#file.truncate(size);
    if (this.#syncs) await this.#file.sync();
  }

  #endOf(index: number): number {
    return index === 0 ? 0 : this.#ends[index - 1]!;
  }
}
