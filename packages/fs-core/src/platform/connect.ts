/** The door to a file system from this machine: its sockets, clock and memory, and the token that the user has. */
import { hostname } from "node:os";
import { type Clock, formatAddress, NO_PROBES, type SignalOptions } from "@smallpond/base";
import { NodeRandom } from "@smallpond/base/platform/node";
import {
  type BufferPool,
  newCrc32c,
  openBootClock,
  openBufferPool,
  openLeasedNet,
  PortableNet,
} from "@smallpond/fs-native";
import { parseClusterUrl } from "../client/connect/cluster-url.ts";
import { type ConnectSettings, connectWith } from "../client/connect/connect-with.ts";
import type { FileSystem } from "../client/file-system.ts";
import { type Logger, silentLogger } from "../service/log.ts";
import { Metrics } from "../service/metrics.ts";
import { type DscpMarks, dscpMarks } from "../storage/classes/marks.ts";
import { type Credentials, NearTransport, NetTransport, type Transport } from "../wire/index.ts";
import { readClusterProfiles } from "./cluster-profiles.ts";
import { openNearMemory } from "./near/node-near-memory.ts";
import { NodeCrypto } from "./node-crypto.ts";
import { TlsNet, type TlsNetDeps } from "./tls-net.ts";

export interface ConnectOptions extends SignalOptions, Omit<ConnectSettings, "url" | "credentials"> {
  /**
   * A user's. Otherwise the one in the URL, in `POND_TOKEN`, or the one that `pond cluster up` kept for this cluster.
   * Without any, the client is who runs the process, which clusters without authentication believe.
   */
  readonly token?: string;
  /** Refuses to talk to another cluster. */
  readonly clusterId?: string;
  /** For tools that are part of the cluster: its secret, in hex. Needs the cluster's id. */
  readonly secret?: string;
  /** Whether services of the same user and of root on this machine may see this client's memory. Default true. */
  readonly near?: boolean;
  /** What packets carry in the DS field, by class of traffic. Default {@link DEFAULT_DSCP_MARKS}. */
  readonly dscp?: Partial<DscpMarks>;
  /** TLS to all services. */
  readonly tls?: TlsNetDeps;
  /** Memory for bytes on their way; its own by default, 256 MiB at most. */
  readonly pool?: BufferPool;
  readonly log?: Logger;
  readonly metrics?: Metrics;
}

/** `3fs://host:port`, or several cluster managers with commas. Closing the file system ends the connections. */
export async function connect(url: string, options: ConnectOptions = {}): Promise<FileSystem> {
  const {
    token,
    clusterId,
    secret,
    tls,
    near = true,
    pool,
    log,
    metrics,
    signal,
    dscp,
    ...settings
  } = options;
  const rpc = { marks: dscpMarks(dscp), ...settings.rpc };
  const credentials = await credentialsFor(url, { token, clusterId, secret });
  const memory = pool ?? openBufferPool({ showable: near });
  const clock = openBootClock();
  const deps = {
    transport: transportOver(tls, { clock, near, pool: memory }),
    clock,
    random: new NodeRandom(),
    crypto: new NodeCrypto(),
    crc32c: newCrc32c(),
    pool: memory,
    log: log ?? silentLogger(),
    metrics: metrics ?? new Metrics(),
    probes: NO_PROBES,
  };
  const about = settings.about ?? `process ${process.pid}`;
  // Replicas on this machine are read first.
  const chunks = { host: hostname(), ...settings.chunks };
  return connectWith(deps, { ...settings, about, chunks, rpc, url, credentials }, { signal });
}

/** Services of this machine are shown memory, unless all that is said to services is to be secret. */
function transportOver(
  tls: TlsNetDeps | undefined,
  { clock, near, pool }: { readonly clock: Clock; readonly near: boolean; readonly pool: BufferPool },
): Transport {
  const net = tls === undefined ? openLeasedNet() : new PortableNet(new TlsNet(tls));
  const messages = new NetTransport({ net, crc32c: newCrc32c(), probes: NO_PROBES });
  if (tls !== undefined) return messages;
  return new NearTransport({ messages, clock, near: near ? openNearMemory() : undefined, pool });
}

export interface GivenCredentials {
  readonly token?: string | undefined;
  readonly clusterId?: string | undefined;
  readonly secret?: string | undefined;
}

/** What this user shows to a cluster: see {@link ConnectOptions}. */
export async function credentialsFor(
  url: string,
  { token, clusterId, secret }: GivenCredentials = {},
): Promise<Credentials> {
  if (secret !== undefined && clusterId !== undefined) {
    return { kind: "member", clusterId, secret: new Uint8Array(Buffer.from(secret, "hex")) };
  }
  const { managers, token: inUrl } = parseClusterUrl(url);
  const stated = token ?? inUrl ?? (process.env.POND_TOKEN || undefined);
  if (stated !== undefined) return { kind: "user", clusterId, token: stated };
  const profiles = await readClusterProfiles();
  const profile = managers
    .map((address) => profiles[formatAddress(address)])
    .find((each) => each !== undefined);
  if (profile !== undefined)
    return { kind: "user", ...profile, ...(clusterId === undefined ? {} : { clusterId }) };
  return { kind: "claim", clusterId, principal: { kind: "user", user: whoRunsThis() } };
}

function whoRunsThis(): { uid: number; gid: number; groups: readonly number[]; admin: boolean } {
  const { getuid = () => 0, getgid = () => 0, getgroups = () => [] } = process;
  return { uid: getuid(), gid: getgid(), groups: getgroups(), admin: false };
}
