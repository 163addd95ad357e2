/** A client of metadata services on this machine's network: connections, made when they are needed, and an identity. */
import { type NetAddress, NO_PROBES } from "@smallpond/base";
import { NodeClock, NodeRandom } from "@smallpond/base/platform/node";
import { newCrc32c, openLeasedNet } from "@smallpond/fs-native";
import { MetaCaller, type MetaCallerSettings } from "../../cluster/meta-caller.ts";
import { type ClientId, newRandomId } from "../../ids.ts";
import { silentLogger } from "../../service/log.ts";
import { Metrics } from "../../service/metrics.ts";
import { type Credentials, NetTransport, RpcClients } from "../../wire/index.ts";
import { NodeCrypto } from "../node-crypto.ts";

export interface ConnectMetaSettings extends Omit<MetaCallerSettings, "client"> {
  /** Of the services; any of them will do. */
  readonly addresses: readonly NetAddress[];
  readonly credentials: Credentials;
}

export interface MetaConnection extends AsyncDisposable {
  readonly meta: MetaCaller;
  close(): Promise<void>;
}

/** Nothing is sent before the first call. */
export function connectMeta(settings: ConnectMetaSettings): MetaConnection {
  const { addresses, credentials, ...given } = settings;
  const [clock, random] = [new NodeClock(), new NodeRandom()];
  const clients = new RpcClients({
    transport: new NetTransport({ net: openLeasedNet(), crc32c: newCrc32c(), probes: NO_PROBES }),
    clock,
    random,
    crypto: new NodeCrypto(),
    log: silentLogger(),
    metrics: new Metrics(),
    probes: NO_PROBES,
    credentials,
  });
  const callers = addresses.map((address) => clients.to(address));
  const client = newRandomId<ClientId>(random);
  const close = (): Promise<void> => clients.close();
  return {
    meta: new MetaCaller({ clock, random, callers }, { client, ...given }),
    close,
    [Symbol.asyncDispose]: close,
  };
}
