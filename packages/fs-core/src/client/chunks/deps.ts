/** What chunk I/O stands on. */
import type { Clock, NetAddress, Probes, Random } from "@smallpond/base";
import type { BufferPool, Crc32c } from "@smallpond/fs-native";
import type { RoutingCache } from "../../mgmtd/agent/routing-cache.ts";
import type { Logger } from "../../service/log.ts";
import type { Metrics } from "../../service/metrics.ts";
import type { TrafficClass } from "../../storage/protocol/common.ts";
import type { Caller } from "../../wire/rpc/method.ts";

/** The routing as it is known here; it follows the cluster manager's by itself. */
export type RoutingView = Pick<RoutingCache, "routing" | "onChange">;

/** A fault built in on purpose, to prove that the checks of the simulator see it. */
export type ChunkClientBug =
  /** A request that is sent again gets a new identity, so that it may happen twice (I8). */
  | "new-identity-on-retry"
  /** What was given up is forgotten, and may overwrite what comes after it. */
  | "no-fence"
  /** The tail is never asked for what another replica does not know, as if any committed version would do (I3). */
  | "relaxed-reads";

export interface ChunkClientDeps {
  readonly routing: RoutingView;
  /** `RpcClients` is one. */
  readonly callers: { to(address: NetAddress, trafficClass?: TrafficClass): Caller };
  readonly clock: Clock;
  readonly random: Random;
  readonly crc32c: Crc32c;
  /** For what is read and cannot be read where it belongs. */
  readonly pool: BufferPool;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly probes: Probes;
  readonly chunkBug?: ChunkClientBug | undefined;
}
