/** What all processes of a simulated cluster agree on. */
import type { NetAddress } from "@smallpond/base";
import type { Credentials, NodeId } from "@smallpond/fs-core";

export const CLUSTER_ID = "sim";

const PORT = 7200;

export function clusterSecret(): Uint8Array {
  return new TextEncoder().encode("a secret that all members know");
}

/** Of a node, or of a member that is none. */
export function memberCredentials(node?: NodeId): Credentials {
  const member = { kind: "member", clusterId: CLUSTER_ID, secret: clusterSecret() } as const;
  return node === undefined ? member : { ...member, node };
}

export function addressOf(machine: string): NetAddress {
  return { kind: "tcp", host: machine, port: PORT };
}
