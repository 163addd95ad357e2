/** A client of a test's cluster, over real sockets. */
import { type NetAddress, NO_PROBES } from "@smallpond/base";
import { NodeClock, NodeRandom } from "@smallpond/base/platform/node";
import {
  type ClientId,
  Logger,
  MetaCaller,
  Metrics,
  NetTransport,
  newRandomId,
  RpcClients,
} from "@smallpond/fs-core";
import { NodeCrypto } from "@smallpond/fs-core/platform";
import { newCrc32c, openLeasedNet } from "@smallpond/fs-native";
import { TEST_CLUSTER, TEST_SECRET } from "./settings.ts";

export interface TestClient extends AsyncDisposable {
  readonly meta: MetaCaller;
}

export function connectTestClient(
  addresses: readonly NetAddress[],
  settings: { readonly timeoutMs?: number; readonly attemptMs?: number } = {},
): TestClient {
  const clock = new NodeClock();
  const random = new NodeRandom();
  const secret = new Uint8Array(Buffer.from(TEST_SECRET, "hex"));
  const clients = new RpcClients({
    transport: new NetTransport({ net: openLeasedNet(), crc32c: newCrc32c(), probes: NO_PROBES }),
    clock,
    random,
    crypto: new NodeCrypto(),
    log: new Logger({ clock, sink: () => {} }),
    metrics: new Metrics(),
    probes: NO_PROBES,
    credentials: { kind: "member", clusterId: TEST_CLUSTER, secret },
  });
  const callers = addresses.map((address) => clients.to(address));
  const client = newRandomId<ClientId>(random);
  return {
    meta: new MetaCaller({ clock, random, callers }, { client, ...settings }),
    [Symbol.asyncDispose]: () => clients.close(),
  };
}
