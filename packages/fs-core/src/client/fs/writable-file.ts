/**
 * A file that is open to be written. Its session stands at metadata, which learns from reports how far was written, and
 * gives a capability for longer with each.
 */
import type { SignalOptions } from "@smallpond/base";
import { META } from "../../cluster/meta-methods.ts";
import type { InodeId, SessionId } from "../../ids.ts";
import { fsError } from "../../meta/model/errors.ts";
import type { FileInode, Inode } from "../../meta/model/inode.ts";
import type { WriteReport } from "../../meta/sessions/length-hint.ts";
import type { OpenToWriteAnswer } from "../../meta/sessions/open-to-write.ts";
import type { ReserveAppendAnswer } from "../../meta/sessions/reserve-append.ts";
import type { CapabilitySource, WriteSession } from "../chunks/chunk-io.ts";
import { unlessAborted } from "./abort.ts";
import { type AskedAt, LONG_AGO } from "./asking.ts";
import type { FsContext } from "./context.ts";
import { Latest } from "./latest.ts";
import type { FileView, OpenFile } from "./open-file.ts";

export interface OpenedToWrite {
  readonly path: string;
  readonly session: SessionId;
  readonly isReadable: boolean;
  readonly isAppend: boolean;
  readonly answer: OpenToWriteAnswer;
  readonly asked: AskedAt;
}

const NOTHING_WRITTEN: WriteReport = { wrote: false, hint: undefined };

export class WritableFile implements OpenFile {
  readonly path: string;
  readonly inode: InodeId;
  readonly isReadable: boolean;
  readonly isAppend: boolean;
  readonly session: WriteSession;
  readonly capability: CapabilitySource;
  readonly #context: FsContext;
  readonly #latest: Latest<FileView> = new Latest(() => this.#ask());
  readonly #renewed: Latest<void> = new Latest(() => this.report(NOTHING_WRITTEN));
  #view: FileView;
  #capability: Uint8Array;
  #capabilityMs: number;

  constructor(context: FsContext, opened: OpenedToWrite) {
    const { path, session, isReadable, isAppend, answer, asked } = opened;
    this.#context = context;
    this.path = path;
    this.isReadable = isReadable;
    this.isAppend = isAppend;
    const file = asFile(answer.inode, path);
    this.inode = file.id;
    this.session = context.chunks.openSession(session);
    this.#view = { file, content: undefined, asked };
    this.#capability = answer.capability;
    this.#capabilityMs = asked.ms;
    const current = (): Uint8Array => this.#capability;
    this.capability = {
      get current() {
        return current();
      },
      renew: async (expired, { signal }) => {
        if (current() === expired) await unlessAborted(this.#renewed.soon(), signal);
      },
    };
  }

  get view(): FileView {
    return this.#view;
  }

  /** How old what it shows to storage is. */
  get capabilityAgeMs(): number {
    return this.#context.clock.monotonicMs() - this.#capabilityMs;
  }

  async refresh({ signal }: SignalOptions = {}): Promise<FileView> {
    signal?.throwIfAborted();
    return unlessAborted(this.#latest.since(), signal);
  }

  forget(): void {
    this.#view = { ...this.#view, asked: LONG_AGO };
  }

  renew(): Promise<void> {
    return this.#renewed.soon();
  }

  /** Tells metadata what was written. */
  async report(written: WriteReport): Promise<void> {
    const { meta, asking } = this.#context;
    const asked = asking.now();
    const { inode, capability } = await meta.change(META.sync, { ...this.#named, ...written });
    this.#take(inode, asked);
    this.#capability = capability;
    this.#capabilityMs = asked.ms;
  }

  async reserveAppend(bytes: number): Promise<ReserveAppendAnswer> {
    return this.#context.meta.change(META.reserveAppend, { ...this.#named, bytes });
  }

  async truncate(length: bigint): Promise<void> {
    const { meta, asking } = this.#context;
    const asked = asking.now();
    const { inode } = await meta.change(META.truncate, { ...this.#named, length });
    this.#take(inode, asked);
  }

  async close(written: WriteReport): Promise<void> {
    await this.#context.meta.change(META.close, { ...this.#named, ...written });
  }

  get #named(): { readonly inode: InodeId; readonly session: SessionId } {
    return { inode: this.inode, session: this.session.id };
  }

  async #ask(): Promise<FileView> {
    const { meta, asking } = this.#context;
    const asked = asking.now();
    const { inode } = await meta.ask(META.stat, { inode: this.inode });
    return this.#take(inode, asked);
  }

  #take(inode: Inode, asked: AskedAt): FileView {
    const file = asFile(inode, this.path);
    if (file.dataVersion !== this.#view.file.dataVersion) {
      const reason = "all of its data was replaced: open it again";
      throw fsError("ESTALE", "write", this.path, { reason });
    }
    // Of two answers that crossed on their way the older one is not news.
    if (file.truncateVersion >= this.#view.file.truncateVersion && asked.order >= this.#view.asked.order) {
      this.#view = { file, content: undefined, asked };
    }
    return this.#view;
  }
}

function asFile(inode: Inode, path: string): FileInode {
  if (inode.kind === "file") return inode;
  throw fsError(inode.kind === "directory" ? "EISDIR" : "ENXIO", "open", path);
}
