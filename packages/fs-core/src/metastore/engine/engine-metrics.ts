/** What the metastore counts. Made once a process; engines come and go with the epochs. */
import type { Counter, Gauge, Histogram, Metrics } from "../../service/metrics.ts";

export class MetastoreMetrics {
  readonly commits: Counter;
  readonly conflicts: Counter;
  readonly tooOld: Counter;
  readonly busy: Counter;
  readonly batches: Counter;
  readonly batchSeconds: Histogram;
  readonly unknownBatches: Counter;
  readonly pending: Gauge;
  readonly snapshots: Gauge;
  readonly takeovers: Counter;

  constructor(metrics: Metrics) {
    this.commits = metrics.counter("pond_metastore_commits_total", "Transactions that were written.");
    this.conflicts = metrics.counter("pond_metastore_conflicts_total", "Commits refused for a conflict.");
    this.tooOld = metrics.counter(
      "pond_metastore_too_old_total",
      "Commits refused because their snapshot was gone.",
    );
    this.busy = metrics.counter("pond_metastore_busy_total", "Commits refused because too many waited.");
    this.batches = metrics.counter("pond_metastore_batches_total", "Batches that were written durably.");
    this.batchSeconds = metrics.histogram(
      "pond_metastore_batch_seconds",
      "How long the store took for a batch.",
    );
    this.unknownBatches = metrics.counter(
      "pond_metastore_unknown_batches_total",
      "Batches of which the store did not say whether they were written.",
    );
    this.pending = metrics.gauge("pond_metastore_pending_commits", "Commits that wait for a batch.");
    this.snapshots = metrics.gauge("pond_metastore_snapshots", "Versions that are being read.");
    this.takeovers = metrics.counter(
      "pond_metastore_takeovers_total",
      "Times this process became the owner.",
    );
  }
}
