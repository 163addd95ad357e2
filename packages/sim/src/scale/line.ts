/** A queue with one server: a network card's direction, or a disk. Work passes in order of asking. */
import type { SimWorld } from "../world/world.ts";

export interface LineSettings {
  readonly bytesPerMs: number;
  /** What each piece of work takes beside its bytes. */
  readonly pieceMs: number;
}

export class Line {
  readonly #world: SimWorld;
  readonly #settings: LineSettings;
  #freeMs = 0;
  #bytes = 0;

  constructor(deps: { readonly world: SimWorld }, settings: LineSettings) {
    this.#world = deps.world;
    this.#settings = settings;
  }

  /** That have passed, or wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves when the work has passed. */
  pass(bytes: number): Promise<void> {
    const { nowMs } = this.#world.scheduler;
    const { bytesPerMs, pieceMs } = this.#settings;
    this.#bytes += bytes;
    this.#freeMs = Math.max(nowMs, this.#freeMs) + pieceMs + bytes / bytesPerMs;
    return this.#world.sleep(this.#freeMs - nowMs);
  }
}
