/**
 * A file system from its URL: finds the cluster managers, follows their routing to metadata and storage services, and
 * keeps a session that says that this client lives. When it stops living, its open files are taken from it.
 */
import {
  type Clock,
  type Deadline,
  isPondError,
  PondError,
  type Probes,
  type Random,
  type SignalOptions,
  Tasks,
} from "@smallpond/base";
import type { BufferPool, Crc32c } from "@smallpond/fs-native";
import { MetaCaller } from "../../cluster/meta-caller.ts";
import { META } from "../../cluster/meta-methods.ts";
import { type ClientId, newRandomId, ROOT_INODE } from "../../ids.ts";
import type { Actor } from "../../meta/operation.ts";
import { MgmtdClient } from "../../mgmtd/agent/mgmtd-client.ts";
import type { Crypto } from "../../service/crypto.ts";
import type { Logger } from "../../service/log.ts";
import type { Metrics } from "../../service/metrics.ts";
import { type Credentials, RpcClients, type RpcClientsSettings, type Transport } from "../../wire/index.ts";
import type { ChunkClientBug } from "../chunks/deps.ts";
import type { ChunkClientSettings } from "../chunks/settings.ts";
import { StorageClient } from "../chunks/storage-client.ts";
import type { FileSystem } from "../file-system.ts";
import type { ClientBug } from "../fs/context.ts";
import { PondFileSystem } from "../fs/pond-file-system.ts";
import type { FsSettings } from "../fs/settings.ts";
import { parseClusterUrl } from "./cluster-url.ts";
import { findManagers } from "./find-managers.ts";
import { MetaServices, metaServicesIn } from "./meta-services.ts";

export interface ConnectDeps {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Crypto;
  readonly crc32c: Crc32c;
  /** Stays the caller's. */
  readonly pool: BufferPool;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly probes: Probes;
  readonly bug?: ClientBug;
  readonly chunkBug?: ChunkClientBug;
}

export interface ConnectSettings {
  readonly url: string;
  /** What to show to services. By default the token in the URL, or nothing, which is refused by most. */
  readonly credentials?: Credentials;
  /** As whom, where the credentials may speak for others: members' and administrators'. */
  readonly as?: Actor;
  /** What the client is, in its own words, for operators. */
  readonly about?: string;
  /** Until it is connected. Default 10 s. */
  readonly connectMs?: number;
  readonly files?: Partial<FsSettings>;
  readonly chunks?: Partial<ChunkClientSettings>;
  /** All tries of one question to metadata, and one of them. */
  readonly meta?: { readonly timeoutMs?: number; readonly attemptMs?: number };
  readonly rpc?: RpcClientsSettings;
}

const CONNECT_MS = 10_000;

/** An abort gives up connecting; afterwards the signal means nothing. */
export async function connectWith(
  deps: ConnectDeps,
  settings: ConnectSettings,
  options: SignalOptions = {},
): Promise<FileSystem> {
  const link = new ClusterLink(deps, settings);
  const { connectMs = CONNECT_MS } = settings;
  using deadline = deps.clock.deadline(connectMs, options);
  try {
    return await link.open(deadline);
  } catch (error) {
    await link.close();
    options.signal?.throwIfAborted();
    throw isPondError(error, "DEADLINE_EXCEEDED") ? link.late(connectMs) : error;
  }
}

/** What stands behind one connected file system. */
class ClusterLink {
  readonly #deps: ConnectDeps;
  readonly #settings: ConnectSettings;
  readonly #at: ReturnType<typeof parseClusterUrl>;
  readonly #clients: RpcClients;
  readonly #client: ClientId;
  readonly #mgmtd: MgmtdClient;
  readonly #tasks: Tasks = new Tasks();
  readonly #stop: AbortController = new AbortController();
  #step = "the cluster managers were asked";

  constructor(deps: ConnectDeps, settings: ConnectSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#at = parseClusterUrl(settings.url);
    const credentials = settings.credentials ?? tokenOnly(this.#at.token);
    this.#clients = new RpcClients({ ...deps, credentials }, settings.rpc);
    this.#client = newRandomId<ClientId>(deps.random);
    this.#mgmtd = new MgmtdClient(
      { ...deps, callers: this.#clients },
      { managers: this.#at.managers, client: this.#client, about: settings.about ?? "" },
    );
  }

  async open({ signal }: Deadline): Promise<FileSystem> {
    const { connectMs = CONNECT_MS } = this.#settings;
    const { url, managers } = this.#at;
    await findManagers({ ...this.#deps, callers: this.#clients }, { url, managers, connectMs }, { signal });
    this.#tasks.spawn(() => this.#mgmtd.run({ signal: this.#stop.signal }));
    await this.#metaServices(signal);
    const meta = this.#meta();
    // What is wrong with the credentials is told now, and not by the first operation.
    this.#step = "metadata was asked";
    await meta.ask(META.stat, { inode: ROOT_INODE }, { signal, timeoutMs: connectMs });
    const chunks = new StorageClient(
      { ...this.#deps, callers: this.#clients, routing: this.#mgmtd.routingCache },
      this.#settings.chunks,
    );
    const onClose = (): Promise<void> => this.close();
    return new PondFileSystem({ ...this.#deps, meta, chunks, onClose }, { ...this.#settings.files, url });
  }

  /** Ends the session, and all connections. */
  async close(): Promise<void> {
    this.#stop.abort(new Error("the file system is closed"));
    await this.#tasks.idle();
    await this.#clients.close();
  }

  late(connectMs: number): PondError {
    return new PondError("CONNECT_TIMED_OUT", {
      kind: "unavailable",
      message: `${this.#at.url} was not connected within ${connectMs} ms: ${this.#step}`,
      details: { url: this.#at.url },
      hint: "see what the cluster lacks: pond cluster status",
    });
  }

  #meta(): MetaCaller {
    const { clock, random } = this.#deps;
    const services = new MetaServices({ callers: this.#clients, routing: this.#mgmtd, random });
    return new MetaCaller(
      { clock, random, callers: [services] },
      { client: this.#client, as: this.#settings.as, ...this.#settings.meta },
    );
  }

  /** Waits until the routing names one. */
  async #metaServices(signal: AbortSignal): Promise<void> {
    const { routingCache } = this.#mgmtd;
    this.#step = "no primary cluster manager told of the routing";
    await routingCache.waitFor(0n, { signal });
    this.#step = "no metadata service has joined the cluster";
    while (metaServicesIn(routingCache.routing).length === 0) {
      await routingCache.waitFor(routingCache.routing.version + 1n, { signal });
    }
  }
}

function tokenOnly(token: string | undefined): Credentials {
  return token === undefined ? { kind: "anyone" } : { kind: "user", token };
}
