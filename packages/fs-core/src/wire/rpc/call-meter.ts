/** Counts calls by method and outcome, and how long they took. Finding a series by its labels costs more than counting. */
import type { Counter, Family, Histogram, Metrics } from "../../service/metrics.ts";

/** Name and help of each metric. */
export interface CallMeterNames {
  readonly calls: readonly [name: string, help: string];
  readonly seconds: readonly [name: string, help: string];
}

interface MethodSeries {
  readonly seconds: Histogram;
  readonly outcomes: Map<string, Counter>;
}

export class CallMeter {
  readonly #calls: Family<Counter>;
  readonly #seconds: Family<Histogram>;
  /** As many as there are methods. */
  readonly #series: Map<string, MethodSeries> = new Map();

  constructor(metrics: Metrics, names: CallMeterNames) {
    this.#calls = metrics.counters(...names.calls, ["method", "outcome"]);
    this.#seconds = metrics.histograms(...names.seconds, ["method"]);
  }

  count(method: string, outcome: string, ms: number): void {
    const series = this.#of(method);
    series.seconds.observe(ms / 1000);
    this.#counter(series, method, outcome).add();
  }

  /** A call that never began. */
  countRefused(method: string, outcome: string): void {
    this.#counter(this.#of(method), method, outcome).add();
  }

  #of(method: string): MethodSeries {
    let series = this.#series.get(method);
    if (series === undefined) {
      series = { seconds: this.#seconds.of(method), outcomes: new Map() };
      this.#series.set(method, series);
    }
    return series;
  }

  #counter({ outcomes }: MethodSeries, method: string, outcome: string): Counter {
    let counter = outcomes.get(outcome);
    if (counter === undefined) {
      counter = this.#calls.of(method, outcome);
      outcomes.set(outcome, counter);
    }
    return counter;
  }
}
