/** Services and callers of a test: one cluster whose secret everybody knows. */
import type { Clock, Net, Probes, Random } from "@smallpond/base";
import { type BufferPool, JAVASCRIPT_CRC32C, PortableNet } from "@smallpond/fs-native";
import { NodeCrypto } from "../platform/node-crypto.ts";
import { silentLogger } from "../service/log.ts";
import { Metrics } from "../service/metrics.ts";
import { FRAME_HEADER_BYTES, type FrameSettings } from "../wire/frame.ts";
import type { Authenticator, Credentials } from "../wire/rpc/authentication.ts";
import type { RpcClientDeps } from "../wire/rpc/client.ts";
import { RpcClients, type RpcClientsSettings } from "../wire/rpc/clients.ts";
import { rpcError } from "../wire/rpc/errors.ts";
import { RpcRouter } from "../wire/rpc/router.ts";
import { RpcServer } from "../wire/rpc/server.ts";
import type { RpcServerSettings } from "../wire/rpc/settings.ts";
import { NetTransport } from "../wire/transport/net-transport.ts";

const CLUSTER_ID = "test";
const SECRET: Readonly<Uint8Array> = new TextEncoder().encode("a secret that all tests know");

export const TEST_AUTHENTICATOR: Authenticator = Object.freeze({
  kind: "on",
  clusterId: CLUSTER_ID,
  secret: SECRET,
  user: () => Promise.reject(rpcError("TOKEN_INVALID", "invalid", "tests have no tokens")),
});

/** What makes a client a member of the tests' cluster. */
export const TEST_MEMBER: Credentials = Object.freeze({
  kind: "member",
  clusterId: CLUSTER_ID,
  secret: SECRET,
});

export interface TestRpcDeps {
  readonly net: Net;
  readonly clock: Clock;
  readonly random: Random;
  readonly probes: Probes;
  readonly onInvariant?: (error: Error) => void;
  readonly pool?: BufferPool;
  readonly authenticator?: Authenticator;
}

/** A server with a router of its own, not listening yet. */
export function testServer(
  deps: TestRpcDeps,
  settings: Partial<RpcServerSettings & FrameSettings> = {},
): { readonly server: RpcServer; readonly router: RpcRouter; readonly metrics: Metrics } {
  const common = { ...commonDeps(deps, settings), authenticator: deps.authenticator ?? TEST_AUTHENTICATOR };
  const {
    onInvariant = (error) => {
      throw error;
    },
  } = deps;
  const router = new RpcRouter({ ...common, onInvariant }, settings);
  const pool = deps.pool === undefined ? {} : { pool: deps.pool };
  return { server: new RpcServer({ ...common, ...pool, router }, settings), router, metrics: common.metrics };
}

/** Callers that are members of the tests' cluster, unless said otherwise. */
export function testClients(
  deps: TestRpcDeps,
  settings: RpcClientsSettings & Partial<FrameSettings> & { readonly credentials?: Credentials } = {},
): RpcClients {
  const { credentials = TEST_MEMBER, ...given } = settings;
  return new RpcClients({ ...commonDeps(deps, given), credentials }, given);
}

/** The size of the frame that begins here, if its header is whole: for networks that lose and double frames. */
export function rpcFrameBytes(bytes: Uint8Array): number | undefined {
  if (bytes.length < FRAME_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, FRAME_HEADER_BYTES);
  return FRAME_HEADER_BYTES + view.getUint32(16, true) + view.getUint32(20, true);
}

function commonDeps(deps: TestRpcDeps, settings: Partial<FrameSettings>): Omit<RpcClientDeps, "credentials"> {
  const { net, clock, random, probes } = deps;
  const portable = new PortableNet(net);
  return {
    transport: new NetTransport({ net: portable, crc32c: JAVASCRIPT_CRC32C, probes }, settings),
    clock,
    random,
    probes,
    crypto: new NodeCrypto(),
    log: silentLogger(),
    metrics: new Metrics(),
  };
}
