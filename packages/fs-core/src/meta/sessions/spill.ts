/**
 * A small file that is opened to be written moves from its row to chunks. The chunks are written under a data version
 * that no one else knows of, announced to the collector first; then the inode takes it over, if nothing has changed. A
 * service that dies on the way leaves garbage and the file as it was.
 */
import { type Clock, equalBytes, type Random, type SignalOptions } from "@smallpond/base";
import { type InodeId, newRandomId, type SessionId } from "../../ids.ts";
import type { Metastore } from "../../metastore/transaction.ts";
import { encode } from "../../wire/codec/index.ts";
import type { ChunkService } from "../collect/chunk-service.ts";
import { readInodeRow } from "../inodes/reads.ts";
import { putInode } from "../inodes/writes.ts";
import { fsError } from "../model/errors.ts";
import type { FileInode } from "../model/inode.ts";
import { putGarbage } from "../rows/garbage-row.ts";
import { counterRow } from "../rows/inode-row.ts";
import { dataVersionKey, garbageKey, inlineKey } from "../rows/keys.ts";
import { nextDataVersion } from "./data-version.ts";

export interface SpillerDeps {
  readonly metastore: Metastore;
  readonly chunks: ChunkService;
  readonly clock: Pick<Clock, "wallMs">;
  readonly random: Random;
}

/** Attempts of one call, each under a data version of its own. */
const TRIES = 3;

interface Spill {
  readonly file: FileInode;
  readonly bytes: Uint8Array;
  readonly writer: SessionId;
  readonly dataVersion: number;
  readonly dueMs: number;
}

export class Spiller {
  readonly #deps: SpillerDeps;
  readonly #spillMs: number;

  constructor(deps: SpillerDeps, settings: { readonly spillMs: number }) {
    this.#deps = deps;
    this.#spillMs = settings.spillMs;
  }

  /**
   * When it resolves, the file's row has changed since it was seen inline, by this or by somebody else. `EAGAIN` if the
   * collector takes the chunks away before the file has them, again and again.
   */
  async spill(id: InodeId, options: SignalOptions = {}): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      const spill = await this.#announce(id, options);
      if (spill === undefined) return;
      const { file, dataVersion, writer, bytes } = spill;
      if (bytes.length > 0) {
        const data = { inode: id, dataVersion, layout: file.layout };
        await this.#deps.chunks.fill(data, { writer, bytes }, options);
      }
      if ((await this.#takeOver(spill, options)) === "changed") return;
    }
    throw fsError("EAGAIN", "open", `inode ${id}`, { reason: "moving its bytes to chunks takes too long" });
  }

  #announce(id: InodeId, options: SignalOptions): Promise<Spill | undefined> {
    const { metastore, clock, random } = this.#deps;
    return metastore.transact(
      async (transaction) => {
        const [file, bytes] = await Promise.all([
          readInodeRow(transaction, id),
          transaction.get(inlineKey(id)),
        ]);
        if (file?.kind !== "file" || !file.inline) return undefined;
        const dataVersion = await nextDataVersion(transaction, file);
        const writer = newRandomId<SessionId>(random);
        const dueMs = Math.floor(clock.wallMs() + this.#spillMs);
        transaction.set(dataVersionKey(id), encode(counterRow, BigInt(dataVersion)));
        putGarbage(transaction, {
          inode: id,
          dataVersion,
          dueMs,
          garbage: { kind: "data", layout: file.layout, writer },
        });
        return { file, bytes: bytes ?? new Uint8Array(0), writer, dataVersion, dueMs };
      },
      { repeatable: true, ...options },
    );
  }

  /** `collected`: the chunks are gone, and the file is as it was. */
  #takeOver(
    { file, bytes, dataVersion, dueMs }: Spill,
    options: SignalOptions,
  ): Promise<"changed" | "collected"> {
    const announced = garbageKey(dueMs, file.id, { kind: "data", dataVersion });
    return this.#deps.metastore.transact(
      async (transaction) => {
        const [now, content, garbage] = await Promise.all([
          readInodeRow(transaction, file.id),
          transaction.get(inlineKey(file.id)),
          transaction.get(announced),
        ]);
        if (now?.kind !== "file" || !now.inline || now.dataVersion !== file.dataVersion) return "changed";
        if (!equalBytes(content ?? new Uint8Array(0), bytes)) return "changed";
        if (garbage === undefined) return "collected";
        putInode(transaction, { ...now, inline: false, dataVersion });
        transaction.clear(inlineKey(file.id));
        transaction.clear(announced);
        return "changed";
      },
      { repeatable: true, ...options },
    );
  }
}
