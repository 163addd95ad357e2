/**
 * A file that is open to be read only. Nobody but this client knows of it, so opening it again by its inode is how to
 * learn everything anew: length, data, a capability for longer, and small content.
 */
import { PondError, type SignalOptions } from "@smallpond/base";
import { META } from "../../cluster/meta-methods.ts";
import type { InodeId, SessionId } from "../../ids.ts";
import { fsError, isFsError } from "../../meta/model/errors.ts";
import type { OpenToReadAnswer } from "../../meta/sessions/open-to-read.ts";
import type { CapabilitySource } from "../chunks/chunk-io.ts";
import { unlessAborted } from "./abort.ts";
import { type AskedAt, LONG_AGO } from "./asking.ts";
import type { FsContext } from "./context.ts";
import { Latest } from "./latest.ts";
import type { FileView, OpenFile } from "./open-file.ts";

export class ReadOnlyFile implements OpenFile {
  readonly path: string;
  readonly inode: InodeId;
  readonly isReadable = true;
  readonly capability: CapabilitySource;
  readonly #context: FsContext;
  readonly #session: SessionId;
  readonly #latest: Latest<FileView> = new Latest(() => this.#ask());
  #view: FileView;
  #capability: Uint8Array;

  constructor(context: FsContext, opened: OpenedToRead) {
    const { path, session, answer, asked } = opened;
    this.#context = context;
    this.#session = session;
    this.path = path;
    const taken = taking(answer, path, asked);
    this.#view = taken.view;
    this.#capability = taken.capability;
    this.inode = taken.view.file.id;
    const current = (): Uint8Array => this.#capability;
    this.capability = {
      get current() {
        return current();
      },
      renew: async (expired, { signal }) => {
        if (current() === expired) await unlessAborted(this.#latest.soon(), signal);
        if (current() === expired)
          throw fsError("EACCES", "read", path, { reason: "it may not be read any more" });
      },
    };
  }

  get view(): FileView {
    return this.#view;
  }

  async refresh({ signal }: SignalOptions = {}): Promise<FileView> {
    signal?.throwIfAborted();
    return unlessAborted(this.#latest.since(), signal);
  }

  forget(): void {
    this.#view = { ...this.#view, asked: LONG_AGO };
  }

  async #ask(): Promise<FileView> {
    const { meta } = this.#context;
    const asked = this.#context.asking.now();
    const { view, capability } = await this.#reopened(asked).catch(async (error: unknown) => {
      if (!isFsError(error, "EACCES")) throw error;
      // Whoever has it open goes on reading it, as long as it is the same data.
      const { inode: file } = await meta.ask(META.stat, { inode: this.inode });
      if (file.kind !== "file" || file.dataVersion !== this.#view.file.dataVersion) throw error;
      return { view: { ...this.#view, file, asked }, capability: this.#capability };
    });
    this.#view = view;
    this.#capability = capability;
    return view;
  }

  async #reopened(asked: AskedAt): Promise<Taken> {
    const { meta } = this.#context;
    const answer = await meta.ask(META.openToRead, {
      session: this.#session,
      target: { kind: "inode", inode: this.inode },
      directory: false,
    });
    return taking(answer, this.path, asked);
  }
}

export interface OpenedToRead {
  readonly path: string;
  readonly session: SessionId;
  readonly answer: OpenToReadAnswer;
  readonly asked: AskedAt;
}

interface Taken {
  readonly view: FileView;
  readonly capability: Uint8Array;
}

function taking({ inode, content, capability }: OpenToReadAnswer, path: string, asked: AskedAt): Taken {
  if (inode.kind === "directory") throw fsError("EISDIR", "open", path, { hint: "list it with readdir" });
  if (inode.kind !== "file") throw fsError("ENXIO", "open", path, { reason: `it is a ${inode.kind}` });
  if (capability === undefined) {
    throw new PondError("BAD_ANSWER", {
      kind: "internal",
      message: `the metadata service opened ${JSON.stringify(path)} without a capability`,
    });
  }
  return { view: { file: inode, content, asked }, capability };
}
