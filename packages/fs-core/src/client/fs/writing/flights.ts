/** Writes of one file that are under way. Of two that touch the same bytes, the later one waits for the earlier. */
import { type ByteRange, overlaps } from "../range.ts";

/** `append`: where it goes is not known yet. Appends never touch each other. */
export type FlightRange = ByteRange | "append";

/**
 * Who is told when it fails: the caller, who waits for it, may have given it up, and others have nothing to do with that; of
 * bytes that were gathered, whose write had resolved, whoever looks for them.
 */
export type FlightKind = "awaited" | "gathered";

interface Flight {
  readonly ranges: readonly FlightRange[];
  readonly kind: FlightKind;
  /** Never rejects: what went wrong, or nothing. */
  readonly over: Promise<{ readonly error: unknown } | undefined>;
}

export class Flights {
  readonly #flights: Set<Flight> = new Set();

  get count(): number {
    return this.#flights.size;
  }

  /** Begins the work, after those it would collide with. */
  begin(ranges: readonly FlightRange[], kind: FlightKind, work: () => Promise<void>): Promise<void> {
    const before = [...this.#flights].filter((flight) => collide(flight.ranges, ranges));
    const done = (async () => {
      for (const { over } of before) await over;
      await work();
    })();
    const over = done.then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    const flight = { ranges, kind, over };
    this.#flights.add(flight);
    void over.then(() => this.#flights.delete(flight));
    return done;
  }

  /** Waits for those that are under way now and touch the range, for all without one. Throws the first error of gathered ones. */
  async landed(range?: ByteRange): Promise<void> {
    const flights = [...this.#flights].filter(({ ranges }) => range === undefined || touches(ranges, range));
    const outcomes = await Promise.all(flights.map(({ over }) => over));
    const failed = outcomes.find((outcome, at) => outcome !== undefined && flights[at]!.kind === "gathered");
    if (failed !== undefined) throw failed.error;
  }

  /** Waits until one of them is over, if there is any. */
  async next(): Promise<void> {
    const [first] = this.#flights;
    await first?.over;
  }
}

function collide(a: readonly FlightRange[], b: readonly FlightRange[]): boolean {
  return a.some((one) => b.some((other) => one !== "append" && other !== "append" && overlaps(one, other)));
}

function touches(ranges: readonly FlightRange[], range: ByteRange): boolean {
  return ranges.some((each) => each === "append" || overlaps(each, range));
}
