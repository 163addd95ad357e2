/** The writing side of an open file: what is gathered and under way, what went wrong with it, and what metadata is told. */
import type { SignalOptions } from "@smallpond/base";
import type { Piece } from "@smallpond/fs-native";
import type { WriteReport } from "../../../meta/sessions/length-hint.ts";
import type { FsContext } from "../context.ts";
import { Gate } from "../gate.ts";
import type { LocalFile, LocalWriter } from "../local-files.ts";
import { named } from "../naming.ts";
import type { ByteRange } from "../range.ts";
import type { WritableFile } from "../writable-file.ts";
import { AppendBehind } from "./append-behind.ts";
import { Flights } from "./flights.ts";
import { WriteBehind } from "./write-behind.ts";
import { Written } from "./written.ts";

export class FileWriter implements LocalWriter {
  readonly #context: FsContext;
  readonly #file: WritableFile;
  readonly #flights: Flights = new Flights();
  readonly #written: Written = new Written();
  readonly #behind: WriteBehind;
  readonly #appends: AppendBehind;
  readonly #gate: Gate = new Gate();
  /** Of bytes whose write had resolved; told once. */
  #failure: { readonly error: unknown } | undefined;
  readonly #local: LocalFile;
  #toldMs: number;
  #isTelling = false;

  constructor(context: FsContext, file: WritableFile) {
    this.#context = context;
    this.#file = file;
    const onFailure = (error: unknown): void => {
      context.log.debug("bytes were not written", { path: file.path, error: String(error) });
      this.#failure ??= { error };
    };
    const parts = { context, file, flights: this.#flights, written: this.#written, writer: this, onFailure };
    this.#behind = new WriteBehind(parts);
    this.#appends = new AppendBehind(parts);
    this.#toldMs = context.clock.monotonicMs();
    this.#local = { inode: file.inode, writer: this, forget: () => file.forget() };
    context.local.add(this.#local);
  }

  get isAppend(): boolean {
    return this.#file.isAppend;
  }

  get isDirty(): boolean {
    return this.#behind.isDirty || this.#appends.isDirty || this.#flights.count > 0;
  }

  get isUntold(): boolean {
    return this.isDirty || this.#written.isUntold;
  }

  /** Resolves when the bytes are copied or sent; they are borrowed until then. */
  write(pieces: readonly Piece[], offset: bigint | undefined, options: SignalOptions): Promise<void> {
    return this.#gate.together(async () => {
      options.signal?.throwIfAborted();
      this.#throwFailure();
      if (this.#file.isAppend) return this.#appends.write(pieces, options);
      return this.#behind.write(pieces, offset, options);
    });
  }

  /** The same without gathering: when it resolves the bytes are with storage. */
  writeThrough(pieces: readonly Piece[], offset: bigint, options: SignalOptions): Promise<void> {
    return this.#gate.together(() => this.#behind.writeThrough(pieces, offset, options));
  }

  send(): void {
    this.#behind.send();
    this.#appends.send();
  }

  async flushed(range?: ByteRange): Promise<void> {
    // Where appends go nobody knows: they may be what is looked for.
    this.#appends.send();
    if (range === undefined || this.#behind.touches(range)) this.#behind.send();
    await this.#flights.landed(range);
  }

  async told(): Promise<void> {
    await outcomeOf(
      this.#gate.together(async () => {
        this.send();
        await this.#landed();
        await this.#tell();
      }),
    );
  }

  sync(): Promise<void> {
    return this.#gate.together(async () => {
      this.send();
      await this.#landed();
      const settled = await outcomeOf(this.#settle());
      const told = await outcomeOf(this.#tell());
      this.#throwFailure();
      const failed = settled ?? told;
      if (failed !== undefined) throw named(failed.error, "sync", this.#file.path);
    });
  }

  truncate(length: bigint): Promise<void> {
    return this.#gate.alone(async () => {
      this.send();
      await this.#landed();
      // A write that comes after all would undo the cut.
      await this.#settle();
      // It measures the file by itself, as long as it is open to write.
      const report = this.#take();
      await this.#file.truncate(length).catch((error: unknown) => {
        this.#written.giveBack(report);
        throw named(error, "truncate", this.#file.path);
      });
    });
  }

  /** Nothing is written after it. The session is ended, unless something may still come to the file. */
  close(): Promise<void> {
    return this.#gate.alone(() => this.#close().finally(() => this.#context.local.remove(this.#local)));
  }

  async #close(): Promise<void> {
    this.send();
    await this.#landed();
    // With the session open nothing that is late can come to data that is gone; it ends with the client.
    await this.#settle();
    const closed = await outcomeOf(this.#file.close(this.#take()));
    this.#throwFailure();
    if (closed !== undefined) throw named(closed.error, "close", this.#file.path);
  }

  tick(nowMs: number): void {
    const { dirtyMs, reportMs, capabilityMs } = this.#context.settings;
    if (nowMs - this.#behind.sinceMs >= dirtyMs) this.#behind.send();
    if (nowMs - this.#appends.sinceMs >= dirtyMs) this.#appends.send();
    const tells = this.#written.isUntold && nowMs - this.#toldMs >= reportMs;
    if ((!tells && this.#file.capabilityAgeMs < capabilityMs) || this.#isTelling) return;
    this.#isTelling = true;
    void this.#inBackground(tells ? () => this.#tell() : () => this.#file.renew());
  }

  /** It is tried again later, and told by whoever needs it. */
  async #inBackground(work: () => Promise<void>): Promise<void> {
    const failed = await outcomeOf(this.#gate.together(work));
    if (failed !== undefined) {
      const { path } = this.#file;
      this.#context.log.debug("metadata was not told of writes", { path, error: String(failed.error) });
    }
    this.#toldMs = this.#context.clock.monotonicMs();
    this.#isTelling = false;
  }

  async #tell(): Promise<void> {
    if (!this.#written.isUntold) return;
    const report = this.#take();
    this.#toldMs = this.#context.clock.monotonicMs();
    try {
      await this.#file.report(report);
    } catch (error) {
      this.#written.giveBack(report);
      throw error;
    }
  }

  #take(): WriteReport {
    return this.#written.take({ isSettled: this.#file.session.unsettled === 0 });
  }

  async #landed(): Promise<void> {
    // Failures are kept where they are found.
    await this.#flights.landed().catch(() => {});
  }

  async #settle(): Promise<void> {
    const { session, path } = this.#file;
    if (session.unsettled === 0 || this.#context.bug === "close-unsettled") return;
    this.#context.probes.mark("client: writes that were given up are settled");
    await this.#context.chunks.settle(session).catch((error: unknown) => {
      throw named(error, "write", path);
    });
  }

  #throwFailure(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure.error;
  }
}

async function outcomeOf(work: Promise<void>): Promise<{ readonly error: unknown } | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return { error };
  }
}
