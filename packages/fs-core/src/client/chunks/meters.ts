/** What chunk I/O counts. */
import type { Counter, Family, Metrics } from "../../service/metrics.ts";

export class ChunkMeters {
  readonly readMessages: Counter;
  readonly readItems: Counter;
  readonly readBytes: Counter;
  readonly copiedBytes: Counter;
  readonly mismatches: Counter;
  readonly writeMessages: Counter;
  readonly writeItems: Counter;
  readonly writeBytes: Counter;
  readonly givenUp: Counter;
  readonly fences: Counter;
  readonly refused: Family<Counter>;

  constructor(metrics: Metrics) {
    const count = (name: string, help: string): Counter =>
      metrics.counter(`pond_client_chunk_${name}_total`, help);
    this.readMessages = count("read_messages", "Messages that asked for bytes.");
    this.readItems = count("read_items", "Items in them; items that are asked for again count again.");
    this.readBytes = count("read_bytes", "Bytes that arrived.");
    this.copiedBytes = count("read_copied_bytes", "Bytes that were copied to where they belong.");
    this.mismatches = count("read_mismatches", "Items whose bytes did not match their checksum.");
    this.writeMessages = count("write_messages", "Messages that brought bytes.");
    this.writeItems = count("write_items", "Items in them; items that are sent again count again.");
    this.writeBytes = count("write_bytes", "Bytes that were sent.");
    this.givenUp = count("writes_given_up", "Writes whose outcome stayed unknown.");
    this.fences = count(
      "fences",
      "Writes of no bytes, to be sure that one that was given up does not happen.",
    );
    this.refused = metrics.counters("pond_client_chunk_refused_total", "Refusals, by call and code.", [
      "call",
      "code",
    ]);
  }
}
