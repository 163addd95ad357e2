/** One transaction's use of a shared snapshot in the owner's process. */
import type { Clock } from "@smallpond/base";
import { tooOld } from "../errors.ts";
import type { KeyRange, KeyValue } from "../ordered-store.ts";
import { TRANSACTION_LIMITS } from "../transaction.ts";
import type { OpenedSnapshot, SnapshotPoint } from "./backend.ts";
import type { SharedSnapshot, Snapshots } from "./snapshots.ts";

export interface LocalSnapshotDeps {
  readonly clock: Clock;
  readonly snapshots: Snapshots;
  readonly shared: SharedSnapshot;
  readonly point: SnapshotPoint;
}

export class LocalSnapshot implements OpenedSnapshot {
  readonly #clock: Clock;
  readonly #snapshots: Snapshots;
  readonly #shared: SharedSnapshot;
  readonly #point: SnapshotPoint;
  readonly #untilMs: number;
  #released = false;

  /** Takes over one use of the shared snapshot. */
  constructor({ clock, snapshots, shared, point }: LocalSnapshotDeps) {
    this.#clock = clock;
    this.#snapshots = snapshots;
    this.#shared = shared;
    this.#point = point;
    this.#untilMs = clock.monotonicMs() + TRANSACTION_LIMITS.ageMsMax;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    this.#assertYoung();
    return await this.#shared.read((store) => store.get(key));
  }

  async getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    this.#assertYoung();
    return await this.#shared.read((store) => store.getMany(keys));
  }

  async range(
    range: KeyRange,
    options: { readonly limit: number; readonly reverse: boolean },
  ): Promise<readonly KeyValue[]> {
    this.#assertYoung();
    return await this.#shared.read((store) => store.range(range, options));
  }

  async pin(): Promise<SnapshotPoint> {
    this.#assertYoung();
    return this.#point;
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#snapshots.release(this.#shared);
  }

  #assertYoung(): void {
    if (this.#clock.monotonicMs() > this.#untilMs) throw tooOld();
  }
}
