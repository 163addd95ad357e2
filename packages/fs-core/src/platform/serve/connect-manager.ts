/** A cluster's managers and metadata services as administrators of this machine's network see them. */
import { type NetAddress, NO_PROBES, Tasks } from "@smallpond/base";
import { NodeClock, NodeRandom } from "@smallpond/base/platform/node";
import { newCrc32c, openLeasedNet } from "@smallpond/fs-native";
import { MetaCaller } from "../../cluster/meta-caller.ts";
import { type ClientId, newRandomId } from "../../ids.ts";
import { MgmtdClient } from "../../mgmtd/agent/mgmtd-client.ts";
import { silentLogger } from "../../service/log.ts";
import { Metrics } from "../../service/metrics.ts";
import { type Credentials, NetTransport, RpcClients, type RpcClientsSettings } from "../../wire/index.ts";
import { NodeCrypto } from "../node-crypto.ts";

export interface ConnectManagerSettings {
  /** Of the cluster managers, which offer metadata as well. One that answers is enough. */
  readonly managers: readonly NetAddress[];
  readonly credentials: Credentials;
  /** Of all tries of one call on metadata. Default 30 s. */
  readonly timeoutMs?: number;
  readonly client?: RpcClientsSettings;
}

export interface ManagerConnection extends AsyncDisposable {
  readonly mgmtd: MgmtdClient;
  readonly meta: MetaCaller;
  /** Connections to anybody in the cluster, by the same credentials. */
  readonly callers: RpcClients;
  close(): Promise<void>;
}

/** Follows the routing from now on, as far as somebody answers: wait for `mgmtd.routingCache`. */
export function connectManager(settings: ConnectManagerSettings): ManagerConnection {
  const { managers, credentials, timeoutMs } = settings;
  const [clock, random] = [new NodeClock(), new NodeRandom()];
  const callers = new RpcClients(
    {
      transport: new NetTransport({ net: openLeasedNet(), crc32c: newCrc32c(), probes: NO_PROBES }),
      clock,
      random,
      crypto: new NodeCrypto(),
      log: silentLogger(),
      metrics: new Metrics(),
      probes: NO_PROBES,
      credentials,
    },
    settings.client,
  );
  const deps = { clock, random, callers, log: silentLogger() };
  const mgmtd = new MgmtdClient(deps, { managers });
  const meta = new MetaCaller(
    { clock, random, callers: managers.map((address) => callers.to(address)) },
    { client: newRandomId<ClientId>(random), ...(timeoutMs === undefined ? {} : { timeoutMs }) },
  );
  const stop = new AbortController();
  const following = new Tasks();
  following.spawn(() => mgmtd.run({ signal: stop.signal }));
  const close = async (): Promise<void> => {
    stop.abort(new Error("the connection is closed"));
    await following.idle();
    await callers.close();
  };
  return { mgmtd, meta, callers, close, [Symbol.asyncDispose]: close };
}
