/** How full storage is, asked now and then. */
import type { SignalOptions } from "@smallpond/base";
import type { Gauge, Metrics } from "../../service/metrics.ts";
import type { ChunkService } from "../collect/chunk-service.ts";
import type { SpaceView } from "../namespace-deps.ts";

export interface SpaceSettings {
  readonly everyMs: number;
  /** With less of all bytes free than this, no files are made. 0 to 1. */
  readonly fullBelow: number;
}

export const DEFAULT_SPACE_SETTINGS: SpaceSettings = { everyMs: 5000, fullBelow: 0.02 };

/** Until storage was asked once there is room, and nothing is known of how much. */
export class SpaceWatch implements SpaceView {
  readonly #chunks: ChunkService;
  readonly #settings: SpaceSettings;
  readonly #free: Gauge;
  readonly #total: Gauge;
  bytesTotal = 0n;
  bytesFree = 0n;

  constructor(deps: { readonly chunks: ChunkService; readonly metrics: Metrics }, settings: SpaceSettings) {
    this.#chunks = deps.chunks;
    this.#settings = settings;
    this.#free = deps.metrics.gauge("pond_meta_space_free_bytes", "Bytes left on storage, as last told.");
    this.#total = deps.metrics.gauge("pond_meta_space_total_bytes", "Bytes that storage has for files.");
  }

  get full(): boolean {
    return (
      this.bytesTotal > 0n && Number(this.bytesFree) < Number(this.bytesTotal) * this.#settings.fullBelow
    );
  }

  async look(options: SignalOptions = {}): Promise<void> {
    const { bytesTotal, bytesFree } = await this.#chunks.space(options);
    this.bytesTotal = bytesTotal;
    this.bytesFree = bytesFree;
    this.#free.set(Number(bytesFree));
    this.#total.set(Number(bytesTotal));
  }
}
