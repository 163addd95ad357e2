/** What all processes of a simulated cluster agree on. */
import type { NetAddress } from "@smallpond/base";
import type { Credentials } from "@smallpond/fs-core";

export const CLUSTER_ID = "sim";

const PORT = 7200;

export function clusterSecret(): Uint8Array {
  return new TextEncoder().encode("a secret that all members know");
}

export function memberCredentials(): Credentials {
  return { kind: "member", clusterId: CLUSTER_ID, secret: clusterSecret() };
}

export function addressOf(machine: string): NetAddress {
  return { kind: "tcp", host: machine, port: PORT };
}
