/**
 * Takes away what clients that are gone left open (I11). First the client's name is barred and its sessions are marked,
 * so that metadata refuses what it still asks; then storage refuses its writes; then its files get the length that
 * storage has, its sessions go; and only then its locks. Whoever gets a lock that it had sees all it wrote, and no more
 * of it comes. Each step may be done twice, and by another service.
 */
import type { Clock, Probes, SignalOptions } from "@smallpond/base";
import type { ClientId } from "../../ids.ts";
import type { Metastore } from "../../metastore/transaction.ts";
import type { Logger } from "../../service/log.ts";
import type { Counter, Metrics } from "../../service/metrics.ts";
import { encode } from "../../wire/codec/index.ts";
import type { ChunkService } from "../collect/chunk-service.ts";
import { readInodeRow } from "../inodes/reads.ts";
import { putInode } from "../inodes/writes.ts";
import { loadLocks, lockedInodes, storeLocks } from "../locks/lock-rows.ts";
import { releaseAll } from "../locks/lock-table.ts";
import { clientLocksKey, revokedClientKey } from "../rows/keys.ts";
import { clientsWithRows } from "./client-scan.ts";
import { CLIENTS_ASKED_MAX, type ClientView } from "./client-view.ts";
import { withoutSession } from "./close.ts";
import type { Lengths } from "./lengths.ts";
import { reported } from "./report.ts";
import { revokedClientRow } from "./revoked-clients.ts";
import { dropSession, putSession, readSession, type SessionName, sessionsOfClient } from "./session-row.ts";
import type { SessionSettings } from "./settings.ts";

export interface SessionReaperDeps {
  readonly metastore: Metastore;
  readonly chunks: ChunkService;
  readonly lengths: Lengths;
  readonly clients: ClientView;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly probes: Probes;
}

export class SessionReaper {
  readonly #deps: SessionReaperDeps;
  readonly #settings: SessionSettings;
  /** By shard: since when this service knows that a client is gone, by its own clock. */
  readonly #goneSinceMs: Map<number, ReadonlyMap<ClientId, number>> = new Map();
  readonly #revoked: Counter;
  readonly #clients: Counter;

  constructor(deps: SessionReaperDeps, settings: SessionSettings) {
    this.#deps = deps;
    this.#settings = settings;
    const { metrics } = deps;
    this.#revoked = metrics.counter("pond_meta_sessions_revoked_total", "Write sessions taken away.");
    this.#clients = metrics.counter("pond_meta_clients_revoked_total", "Clients given up.");
  }

  /** Looks at all clients of a shard once, and takes away what those left who are gone for long enough. */
  async reap(shard: number, options: SignalOptions = {}): Promise<void> {
    const known = this.#goneSinceMs.get(shard);
    const gone = new Map<ClientId, number>();
    let after: ClientId | undefined;
    do {
      options.signal?.throwIfAborted();
      const clients = await this.#some(shard, after, options);
      for (const client of await this.#goneOf(clients, options)) {
        const nowMs = this.#deps.clock.monotonicMs();
        const sinceMs = known?.get(client) ?? nowMs;
        if (nowMs - sinceMs >= this.#settings.clientGraceMs) await this.#giveUp(client, options);
        else gone.set(client, sinceMs);
      }
      after = clients.length < CLIENTS_ASKED_MAX ? undefined : clients.at(-1);
    } while (after !== undefined);
    this.#goneSinceMs.set(shard, gone);
  }

  #some(shard: number, after: ClientId | undefined, options: SignalOptions): Promise<readonly ClientId[]> {
    return this.#deps.metastore.transact(
      (transaction) => clientsWithRows(transaction, shard, { after, limit: CLIENTS_ASKED_MAX }),
      options,
    );
  }

  async #goneOf(clients: readonly ClientId[], options: SignalOptions): Promise<readonly ClientId[]> {
    if (clients.length === 0) return [];
    const states = await this.#deps.clients.states(clients, options);
    return clients.filter((_, at) => states[at] === "gone");
  }

  async #giveUp(client: ClientId, options: SignalOptions): Promise<void> {
    const { chunks, log, probes } = this.#deps;
    log.info("client given up", { client });
    for (;;) {
      const sessions = await this.#mark(client, options);
      if (sessions.length === 0) break;
      await chunks.revoke(
        sessions.map(({ session }) => session),
        options,
      );
      for (const session of sessions) await this.#settle(client, session, options);
      this.#revoked.add(sessions.length);
      probes.mark("meta.session.revoked");
    }
    while ((await this.#freeLocks(client, options)) > 0) probes.mark("meta.lock.freed");
    this.#clients.add();
  }

  /** Bars the client, and marks some of its sessions. */
  #mark(client: ClientId, options: SignalOptions): Promise<readonly SessionName[]> {
    const { metastore, clock } = this.#deps;
    return metastore.transact(
      async (transaction) => {
        const barred = await transaction.get(revokedClientKey(client));
        const nowMs = Math.floor(clock.wallMs());
        if (barred === undefined) transaction.set(revokedClientKey(client), encode(revokedClientRow, nowMs));
        const names = await sessionsOfClient(transaction, client, this.#settings.reapBatch);
        for (const name of names) {
          const row = await readSession(transaction, name);
          if (row !== undefined && !row.revoking) putSession(transaction, name, { ...row, revoking: true });
        }
        return names;
      },
      { repeatable: true, ...options },
    );
  }

  /** Gives the file the length that storage has, now that it cannot change by this session any more, and ends it. */
  #settle(client: ClientId, name: SessionName, { signal }: SignalOptions): Promise<void> {
    const { metastore, lengths, clock } = this.#deps;
    return metastore.transact(
      async (transaction) => {
        const [row, inode] = await Promise.all([
          readSession(transaction, name),
          readInodeRow(transaction, name.inode),
        ]);
        dropSession(transaction, name, client);
        if (row === undefined || inode?.kind !== "file") return;
        const nowNs = BigInt(Math.floor(clock.wallMs())) * 1_000_000n;
        const wrote = row.dataVersion === inode.dataVersion;
        const context = { transaction, nowNs, deps: { lengths }, signal };
        const told = await reported(context, inode, { wrote, hint: undefined });
        // Nobody knows whether it wrote: the times change only if the file is longer than was known.
        const file = told.length === inode.length ? inode : told;
        putInode(transaction, await withoutSession(transaction, file, name, nowNs));
      },
      { repeatable: true, ...(signal === undefined ? {} : { signal }) },
    );
  }

  /** How many files it had locks of; again until there are none. */
  async #freeLocks(client: ClientId, options: SignalOptions): Promise<number> {
    const { metastore } = this.#deps;
    const inodes = await metastore.transact(
      (transaction) => lockedInodes(transaction, client, this.#settings.reapBatch),
      options,
    );
    for (const inode of inodes) {
      await metastore.transact(
        async (transaction) => {
          const before = await loadLocks(transaction, inode);
          const after = releaseAll(before, (owner) => owner.client === client);
          storeLocks(transaction, inode, before, after);
          // A file that is gone takes its locks with it, but not what leads to them.
          transaction.clear(clientLocksKey(client, inode));
        },
        { repeatable: true, ...options },
      );
    }
    return inodes.length;
  }
}
