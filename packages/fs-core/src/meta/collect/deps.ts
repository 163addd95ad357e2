/** What collecting needs. */
import type { Clock, Probes } from "@smallpond/base";
import type { Metastore } from "../../metastore/transaction.ts";
import type { Logger } from "../../service/log.ts";
import type { Metrics } from "../../service/metrics.ts";
import type { ChunkService } from "./chunk-service.ts";

export interface CollectDeps {
  readonly metastore: Metastore;
  readonly chunks: ChunkService;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly probes: Probes;
}
