/** What is wrong with a machine's disk at the moment, and how long its calls take. */
import type { Random } from "@smallpond/base";
import { longTail } from "../net/fabric.ts";

export interface DiskFaultSettings {
  /** Share of calls that fail with `EIO`. */
  readonly errorShare: number;
  /** How many times as long everything takes. */
  readonly slowness: number;
}

const SOUND: DiskFaultSettings = { errorShare: 0, slowness: 1 };

/** Means in milliseconds, of a plain call, of each megabyte, and of making something durable. */
const CALL_MS = 0.03;
const MEGABYTE_MS = 0.5;
const SYNC_MS = 0.8;

export class DiskFaults {
  #settings: DiskFaultSettings = SOUND;

  set(settings: Partial<DiskFaultSettings>): void {
    this.#settings = { ...this.#settings, ...settings };
  }

  heal(): void {
    this.#settings = SOUND;
  }

  /** The fate of the next call. */
  draw(
    random: Random,
    call: { readonly bytes: number; readonly sync: boolean },
  ): { readonly delayMs: number; readonly fails: boolean } {
    const meanMs = CALL_MS + (call.bytes / 2 ** 20) * MEGABYTE_MS + (call.sync ? SYNC_MS : 0);
    const delayMs = meanMs * (0.5 + 0.5 * longTail(random)) * this.#settings.slowness;
    return { delayMs, fails: random.next() < this.#settings.errorShare };
  }
}
