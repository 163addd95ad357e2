/** How far replicas are brought up to date, for operators: counters of the process, and what is under way. */
import type { ChainId, ChainVersion, TargetId } from "../../ids.ts";
import type { Counter, Family, Gauge, Metrics } from "../../service/metrics.ts";

export interface ResyncProgress {
  readonly chain: ChainId;
  readonly chainVersion: ChainVersion;
  readonly from: TargetId;
  readonly to: TargetId;
  /** By the monotonic clock. */
  readonly startedMs: number;
  /** Chunks that were compared, and those of them that were the same. */
  compared: number;
  same: number;
  sent: number;
  sentBytes: number;
  removed: number;
  /** Chunks that cannot be sent because they are damaged here. */
  damaged: number;
}

export class ResyncNumbers {
  readonly running: Gauge;
  readonly bytes: Counter;
  readonly chunks: Family<Counter>;
  readonly ended: Family<Counter>;

  constructor(metrics: Metrics) {
    this.running = metrics.gauge("pond_storage_resyncs_running", "Replicas that are brought up to date");
    this.bytes = metrics.counter("pond_storage_resync_bytes_total", "Bytes of chunks sent to such replicas");
    this.chunks = metrics.counters(
      "pond_storage_resync_chunks_total",
      "Chunks of such replicas by what became of them: same, sent or removed",
      ["outcome"],
    );
    this.ended = metrics.counters(
      "pond_storage_resyncs_total",
      "Such tasks by how they ended: done or failed",
      ["outcome"],
    );
  }
}
