/** What processes of a test's cluster are told: sockets in the test's own directory, and leases short enough to wait for. */
import { nodeId } from "@smallpond/fs-core";
import type { ServeMindSettings } from "@smallpond/fs-core/platform";

export const TEST_SECRET = "5a".repeat(32);
export const TEST_CLUSTER = "test";

export interface TestCluster {
  /** Of the test; the store and the sockets are in it. */
  readonly directory: string;
  readonly nodes: number;
}

export function testMind({ directory, nodes }: TestCluster, node: number): ServeMindSettings {
  const socket = (of: number) => ({ kind: "unix", path: `${directory}/mind-${of}.sock` }) as const;
  return {
    clusterId: TEST_CLUSTER,
    node: nodeId(node),
    hostTag: `host-${node}`,
    address: socket(node),
    managers: Array.from({ length: nodes }, (_, index) => socket(index + 1)),
    storage: "none",
    directory: `${directory}/store`,
    secret: TEST_SECRET,
    logLevel: "error",
    metastore: { lease: { leaseMs: 800, renewMs: 200, watchMs: 100 } },
    mgmtd: { leaseMs: 1500, renewMs: 400, nodeLeaseMs: 2000, heartbeatMs: 500 },
  };
}
