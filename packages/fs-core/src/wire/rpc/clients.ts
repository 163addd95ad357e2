/** Callers of many addresses, one for each and each mark, kept while they are in use. */
import { formatAddress, type NetAddress } from "@smallpond/base";
import { RpcClient, type RpcClientDeps } from "./client.ts";
import type { RpcClientSettings } from "./settings.ts";

export interface RpcClientsSettings extends Partial<Omit<RpcClientSettings, "dscp">> {
  /**
   * What packets of each class of traffic carry in the DS field; none by default. Classes with different marks have connections
   * of their own, but not over loopback and unix sockets, where nothing looks at it.
   */
  readonly marks?: Readonly<Record<string, number>> | undefined;
  /** Of all addresses and marks at once; beyond, the one that was asked for longest ago is closed. Default 4,096. */
  readonly callersMax?: number;
}

const CALLERS_MAX = 4096;

export class RpcClients implements AsyncDisposable {
  readonly #deps: RpcClientDeps;
  readonly #settings: RpcClientsSettings;
  /** In order of last use. */
  readonly #clients: Map<string, RpcClient> = new Map();
  #isClosed = false;

  constructor(deps: RpcClientDeps, settings: RpcClientsSettings = {}) {
    this.#deps = deps;
    this.#settings = settings;
  }

  /** The caller of an address, for one class of traffic. It need not be there yet. */
  to(address: NetAddress, trafficClass = "control"): RpcClient {
    const { callersMax = CALLERS_MAX, marks = {}, ...settings } = this.#settings;
    const dscp = this.#deps.transport.isLocal(address) ? 0 : (marks[trafficClass] ?? 0);
    const place = `${formatAddress(address)} ${dscp}`;
    const client = this.#clients.get(place) ?? new RpcClient(this.#deps, { ...settings, address, dscp });
    this.#clients.delete(place);
    if (this.#isClosed) {
      // Whoever asks late is told so, and leaves no connection behind.
      void client.close();
      return client;
    }
    this.#clients.set(place, client);
    if (this.#clients.size > callersMax) {
      const [oldest, unused] = this.#clients.entries().next().value!;
      this.#clients.delete(oldest);
      void unused.close();
    }
    return client;
  }

  /** Those of later on are closed from the start. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const clients = [...this.#clients.values()];
    this.#clients.clear();
    await Promise.all(clients.map((client) => client.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
