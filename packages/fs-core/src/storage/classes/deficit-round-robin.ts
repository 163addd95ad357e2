/**
 * Which piece of work is next: deficit round robin (Shreedhar and Varghese, 1995). Each class with work has its turn in
 * rounds; a turn adds what its weight is worth to what it may spend, and it spends on pieces in order for as long as that
 * lasts. So over time busy classes get bytes as their weights are, whatever the sizes of their pieces, and none starves.
 */
import type { TrafficClass } from "../protocol/common.ts";
import { type ShareSettings, TRAFFIC_CLASSES } from "./settings.ts";

/** Something that waits. */
export interface Piece {
  readonly trafficClass: TrafficClass;
  /** What it costs. */
  readonly bytes: number;
}

interface Lane<P> {
  readonly weight: number;
  readonly waitingMax: number;
  readonly waiting: P[];
  /** Bytes it may spend yet. */
  credit: number;
}

export class DeficitRoundRobin<P extends Piece> {
  readonly #lanes: ReadonlyMap<TrafficClass, Lane<P>>;
  readonly #quantumBytes: number;
  #turn = 0;

  constructor(settings: ShareSettings) {
    this.#quantumBytes = settings.quantumBytes;
    this.#lanes = new Map(
      TRAFFIC_CLASSES.map((name) => {
        const { weight, waitingMax } = settings.classes[name];
        return [name, { weight, waitingMax, waiting: [], credit: 0 }];
      }),
    );
  }

  waiting(trafficClass: TrafficClass): number {
    return this.#lane(trafficClass).waiting.length;
  }

  get size(): number {
    let size = 0;
    for (const { waiting } of this.#lanes.values()) size += waiting.length;
    return size;
  }

  /** Puts it behind those of its class; false when as many wait as may. */
  add(piece: P): boolean {
    const { waiting, waitingMax } = this.#lane(piece.trafficClass);
    if (waiting.length >= waitingMax) return false;
    waiting.push(piece);
    return true;
  }

  /** Takes out what does not want to wait any longer. */
  remove(piece: P): void {
    const { waiting } = this.#lane(piece.trafficClass);
    const at = waiting.indexOf(piece);
    if (at >= 0) waiting.splice(at, 1);
  }

  /** Takes the next piece out, of those that `fits` lets begin; a class whose first does not fit waits, and keeps its credit. */
  next(fits: (piece: P) => boolean): P | undefined {
    // Nobody can: then no credit is given for going round.
    if (!TRAFFIC_CLASSES.some((name) => this.#isReady(name, fits))) return undefined;
    for (;;) {
      const name = TRAFFIC_CLASSES[this.#turn]!;
      const lane = this.#lane(name);
      if (this.#isReady(name, fits)) {
        const first = lane.waiting[0]!;
        if (first.bytes <= lane.credit) {
          lane.credit -= first.bytes;
          lane.waiting.shift();
          return first;
        }
      }
      // Credit is for those who wait, and none is saved up by those who do not.
      if (lane.waiting.length === 0) lane.credit = 0;
      this.#turn = (this.#turn + 1) % TRAFFIC_CLASSES.length;
      const following = TRAFFIC_CLASSES[this.#turn]!;
      const next = this.#lane(following);
      if (this.#isReady(following, fits)) next.credit += next.weight * this.#quantumBytes;
    }
  }

  #isReady(name: TrafficClass, fits: (piece: P) => boolean): boolean {
    const first = this.#lane(name).waiting[0];
    return first !== undefined && fits(first);
  }

  #lane(name: TrafficClass): Lane<P> {
    return this.#lanes.get(name)!;
  }
}
