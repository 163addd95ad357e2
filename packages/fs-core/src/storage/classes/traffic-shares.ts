/**
 * Shares a node's disks and network between classes of traffic: so many bytes are under way, and who is next is decided by
 * deficit round robin. While there is room nobody waits.
 */
import type { SignalOptions } from "@smallpond/base";
import type { Counter, Gauge, Metrics } from "../../service/metrics.ts";
import { storeBusy } from "../model/errors.ts";
import type { TrafficClass } from "../protocol/common.ts";
import { DeficitRoundRobin, type Piece } from "./deficit-round-robin.ts";
import { type ShareSettings, shareSettings, TRAFFIC_CLASSES } from "./settings.ts";

export interface TrafficSharesDeps {
  readonly metrics: Metrics;
}

interface Waiting extends Piece {
  readonly begin: () => void;
}

interface ClassNumbers {
  readonly bytes: Counter;
  readonly refused: Counter;
  readonly waiting: Gauge;
}

export class TrafficShares {
  readonly #settings: ShareSettings;
  readonly #robin: DeficitRoundRobin<Waiting>;
  readonly #inFlight: Map<TrafficClass, number> = new Map();
  readonly #numbers: ReadonlyMap<TrafficClass, ClassNumbers>;
  #bytesInFlight = 0;
  /** Whose turn it is, while there is no room for it: others do not overtake it, or something large would never begin. */
  #chosen: Waiting | undefined;

  constructor(deps: TrafficSharesDeps, settings: Partial<ShareSettings> = {}) {
    this.#settings = shareSettings(settings);
    this.#robin = new DeficitRoundRobin(this.#settings);
    this.#numbers = numbersOf(deps.metrics);
  }

  get bytesInFlight(): number {
    return this.#bytesInFlight;
  }

  get waiting(): number {
    return this.#robin.size + (this.#chosen === undefined ? 0 : 1);
  }

  /**
   * Does the work when it is its turn. Rejects with `STORE_BUSY` when too many of the class wait, and with `signal.reason`
   * when the signal aborts before it has begun; afterwards the signal is the work's affair.
   */
  async run<T>(
    trafficClass: TrafficClass,
    bytes: number,
    work: () => Promise<T>,
    options: SignalOptions = {},
  ): Promise<T> {
    const cost = bytes + this.#settings.pieceBytes;
    if (!this.#begins(trafficClass, cost, options)) await this.#turn(trafficClass, cost, options);
    try {
      return await work();
    } finally {
      this.#count(trafficClass, -cost);
      this.#pump();
    }
  }

  /** At once, where there is room and nobody waits. */
  #begins(trafficClass: TrafficClass, bytes: number, { signal }: SignalOptions): boolean {
    const piece = { trafficClass, bytes };
    if (this.waiting > 0 || signal?.aborted === true) return false;
    if (!this.#isAllowed(piece) || !this.#hasRoom(piece)) return false;
    this.#count(trafficClass, bytes);
    return true;
  }

  #turn(trafficClass: TrafficClass, bytes: number, { signal }: SignalOptions): Promise<void> {
    const { refused } = this.#numbers.get(trafficClass)!;
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const giveUp = (): void => {
        if (this.#chosen === piece) this.#chosen = undefined;
        else this.#robin.remove(piece);
        this.#tellWaiting(trafficClass);
        reject(signal?.reason as Error);
        // Behind a large piece small ones may have waited.
        this.#pump();
      };
      const begin = (): void => {
        signal?.removeEventListener("abort", giveUp);
        resolve();
      };
      const piece: Waiting = { trafficClass, bytes, begin };
      if (!this.#robin.add(piece)) {
        refused.add();
        const { waitingMax } = this.#settings.classes[trafficClass];
        reject(storeBusy(`${waitingMax} pieces of ${trafficClass} work wait`));
        return;
      }
      signal?.addEventListener("abort", giveUp, { once: true });
      this.#tellWaiting(trafficClass);
      this.#pump();
    });
  }

  #pump(): void {
    const isAllowed = (piece: Waiting): boolean => this.#isAllowed(piece);
    for (;;) {
      this.#chosen ??= this.#robin.next(isAllowed);
      const piece = this.#chosen;
      if (piece === undefined || !this.#hasRoom(piece)) return;
      this.#chosen = undefined;
      this.#count(piece.trafficClass, piece.bytes);
      this.#tellWaiting(piece.trafficClass);
      piece.begin();
    }
  }

  /** Within its class's part. Alone in its class it may be larger. */
  #isAllowed({ trafficClass, bytes }: Piece): boolean {
    const { bytesInFlightMax, classes } = this.#settings;
    const own = this.#inFlight.get(trafficClass) ?? 0;
    return own === 0 || own + bytes <= bytesInFlightMax * classes[trafficClass].inFlightPart;
  }

  #hasRoom({ bytes }: Piece): boolean {
    return this.#bytesInFlight === 0 || this.#bytesInFlight + bytes <= this.#settings.bytesInFlightMax;
  }

  #count(trafficClass: TrafficClass, bytes: number): void {
    this.#bytesInFlight += bytes;
    this.#inFlight.set(trafficClass, (this.#inFlight.get(trafficClass) ?? 0) + bytes);
    if (bytes > 0) this.#numbers.get(trafficClass)!.bytes.add(bytes);
  }

  #tellWaiting(trafficClass: TrafficClass): void {
    this.#numbers.get(trafficClass)!.waiting.set(this.#robin.waiting(trafficClass));
  }
}

function numbersOf(metrics: Metrics): ReadonlyMap<TrafficClass, ClassNumbers> {
  const labels = ["class"] as const;
  const bytes = metrics.counters("pond_storage_class_bytes_total", "Work begun, by class of traffic", labels);
  const refused = metrics.counters(
    "pond_storage_class_refused_total",
    "Work refused because too much waited",
    labels,
  );
  const waiting = metrics.gauges(
    "pond_storage_class_waiting",
    "Pieces of work that wait for their turn",
    labels,
  );
  return new Map(
    TRAFFIC_CLASSES.map((name) => [
      name,
      { bytes: bytes.of(name), refused: refused.of(name), waiting: waiting.of(name) },
    ]),
  );
}
